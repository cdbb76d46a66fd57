package intake

import (
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func settings(pairs ...string) []Setting {
	var list []Setting
	for _, pair := range pairs {
		name, values, _ := strings.Cut(pair, "=")
		list = append(list, Setting{name, strings.Split(values, ",")})
	}
	return list
}

func settingOperation() *provider.Operation {
	op := *packagesForm().op
	return &op
}

func TestSettingsAreSentOnEveryRequest(t *testing.T) {
	query := func(pairs ...string) *Form {
		return mustCompile(settingOperation(), Options{Settings: settings(pairs...)})
	}
	insight := func(pairs ...string) *Form {
		return mustCompile(insightOperation(), Options{Settings: settings(pairs...)})
	}
	ask := func(raw string) Message { return Message{Method: "GET", PathNumber: "1", RawQuery: raw} }
	for _, tt := range []struct {
		name string
		form *Form
		in   Message
		want string // query or body
	}{
		{"repeated, opt-in", query("Type=carrier,caller-name"), ask("strict=1"), "Type=carrier&Type=caller-name&strict=true"},
		{"list", query("Fields=a,b"), ask(""), "Fields=a%2Cb"},
		{"canonical", query("country[]=us"), ask("Fields=a"), "Fields=a&country%5B%5D=US"},
		{"nested", insight("/insights/sim_swap/period=240"), jsonMessage(`{"phone_number":"1"}`), `{"phone_number":"+1","insights":{"sim_swap":{"period":240}}}`},
		{"beside what the caller sends", insight("/insights/match/first_name=x"), jsonMessage(`{"insights":{"format":{}},"phone_number":"1"}`), `{"phone_number":"+1","insights":{"format":{},"match":{"first_name":"x"}}}`},
		{"in an object that the caller leaves empty", insight("/insights/format=true"), jsonMessage(`{"phone_number":"1","insights":{}}`), `{"phone_number":"+1","insights":{"format":{}}}`},
		{"switch", insight("/insights/sim_swap=true", "/insights/sim_swap/period=1"), jsonMessage(`{"phone_number":"1","insights":null}`), `{"phone_number":"+1","insights":{"sim_swap":{"period":1}}}`},
		{"array", insight("/features/*=RND,SimSwap"), jsonMessage(`{"phone_number":"1"}`), `{"phone_number":"+1","features":["RND","SimSwap"]}`},
		{
			"every element of a batch",
			batchForm(settings("/phone_numbers/*/fields/*=caller_name", "/phone_numbers/*/identity/first_name=x")...),
			jsonMessage(`{"phone_numbers":[{"phone_number":"1"},{"correlation_id":"c","phone_number":"1"}]}`),
			`{"phone_numbers":[{"phone_number":"+1","fields":["caller_name"],"identity":{"first_name":"x"}},{"phone_number":"+1","correlation_id":"c","fields":["caller_name"],"identity":{"first_name":"x"}}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // what is set is not used up
				in, err := tt.form.Read(tt.in)
				if err != nil {
					t.Fatal(err)
				}
				out := tt.form.Write(in, plusOnes(in))
				if got := out.RawQuery + string(out.Body); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			}
		})
	}
}

func TestSettingsReachABodyThatIsAbsent(t *testing.T) {
	form := mustCompile(&provider.Operation{
		Method: "POST", Path: "/{number}",
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatDigits},
		Params: []provider.Param{{Name: "/addons/contact", In: provider.InJSON, Kind: provider.KindEmpty}},
	}, Options{Settings: settings("/addons/contact=true")})
	if got, want := rewrite(t, form, Message{Method: "POST", PathNumber: "1"}), `{"addons":{"contact":{}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCallersCannotSendWhatTheRouteSets(t *testing.T) {
	insight := func(pairs ...string) *Form {
		return mustCompile(insightOperation(), Options{Allow: []string{"/insights", "/features"}, Settings: settings(pairs...)})
	}
	query := mustCompile(settingOperation(), Options{Allow: []string{"Type"}, Settings: settings("Type=carrier", "Fields=a")})
	for _, tt := range []struct {
		name   string
		form   *Form
		in     Message
		detail string
	}{
		{"query", query, Message{PathNumber: "1", RawQuery: "Type=caller-name"}, "Type is set"},
		{"list", query, Message{PathNumber: "1", RawQuery: "Fields=b"}, "Fields is set"},
		{"the same value", query, Message{PathNumber: "1", RawQuery: "Type=carrier"}, "Type is set"},
		{"scalar", insight("/insights/sim_swap/period=1"), jsonMessage(`{"phone_number":"1","insights":{"sim_swap":{"period":2}}}`), "/insights/sim_swap/period is set"},
		{"switch", insight("/insights/sim_swap=true"), jsonMessage(`{"phone_number":"1","insights":{"sim_swap":{}}}`), "/insights/sim_swap is set"},
		{"array", insight("/features/*=RND"), jsonMessage(`{"phone_number":"1","features":["LineType"]}`), "/features/* is set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.form.Read(tt.in)
			wantRefusal(t, err, provider.ReasonInvalidRequest, tt.detail+" by this route")
		})
	}
}

func TestSettingsAreHeldAgainstTheProvider(t *testing.T) {
	p := &provider.Provider{Operations: []provider.Operation{*insightOperation(), *settingOperation()}}
	for _, tt := range []struct {
		name     string
		settings []Setting
		want     string // empty: no error
	}{
		{"of one operation", settings("Fields=a,b", "/insights/format=true"), ""},
		{"of none", settings("Colour=a"), `"Colour" cannot be set: no operation has it; those that can are [/codes/*/id`},
		{"the number", settings("phone_number=1"), `"phone_number" cannot be set`},
		{"twice", settings("Fields=a", "Fields=b"), `"Fields" is set twice`},
		{"outside its list", settings("Fields=z"), `"Fields" cannot be set to "z": the parameter Fields must be one of: a, b, c`},
		{"wrong kind", settings("/insights/sim_swap/period=soon"), "must be of the kind integer"},
		{"switch with a value", settings("/insights/format=1"), "with the value true"},
		{"a list in one text", []Setting{{"Fields", []string{"a,b"}}}, "one by one"},
		{"too many values", settings("Fields=a,b,c"), "takes 1 to 2 values, not 3"},
		{"a value twice", settings("Fields=a,a"), `"Fields" is set to "a" twice`},
		{"no value", []Setting{{"Fields", nil}}, "takes 1 to 2 values, not 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckSettings(p, tt.settings)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := Compile(settingOperation(), Options{Settings: settings("Fields=z")}); err == nil {
		t.Error("a setting outside its list was compiled")
	}
}
