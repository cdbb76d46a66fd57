package intake

import (
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestOptInParametersNeedTheRoutesConsent(t *testing.T) {
	get := func(allow ...string) *Form {
		return mustCompile(&provider.Operation{
			Method: "GET", Path: "/{number}",
			Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatE164},
			Params: []provider.Param{
				{Name: "Fields", In: provider.InQuery, Kind: provider.KindString, Values: []string{"a", "b", "c"}, Separator: ",", Max: 3, OptIn: true},
				{Name: "FieldsMore", In: provider.InQuery, Kind: provider.KindString, OptIn: true},
			},
		}, Options{Allow: allow})
	}
	query := func(raw string) Message { return Message{PathNumber: "1", RawQuery: raw} }
	insight := func(members string) Message { return jsonMessage(`{"phone_number":"1",` + members + `}`) }
	const period, name = `"insights":{"sim_swap":{"period":1}}`, `"insights":{"match":{"first_name":"x"}}`
	for _, tt := range []struct {
		name    string
		form    *Form
		in      Message
		refusal string // empty: accepted
	}{
		{"without an entry", get(), query("Fields=a"), "Fields is not enabled"},
		{"by name", get("Fields"), query("Fields=a,b,c"), ""},
		{"a value that is allowed", get("Fields=a,b"), query("Fields=b,a"), ""},
		{"a value that is not", get("Fields=a,b"), query("Fields=a,c"), "this value of the parameter Fields is not enabled"},
		{"entries add up", get("Fields=a", "Fields=b"), query("Fields=a,b"), ""},
		{"name wins over values", get("Fields=a", "Fields"), query("Fields=c"), ""},
		{"a plain name is no prefix", get("Fields"), query("FieldsMore=x"), "FieldsMore is not enabled"},
		{"pointer without an entry", insightForm(), insight(name), "/insights/match/first_name is not enabled"},
		{"pointer", insightForm("/insights/match/first_name"), insight(name), ""},
		{"pointer of a sibling", insightForm("/insights/match/last_name"), insight(name), "/insights/match/first_name is not enabled"},
		{"pointer above", insightForm("/insights/match"), insight(name), ""},
		{"pointer that ends within a name", insightForm("/insights/mat"), insight(name), "/insights/match/first_name is not enabled"},
		{"switch that comes with members", insightForm(), insight(period), "/insights/sim_swap is not enabled"},
		{"switch that is allowed", insightForm("/insights/sim_swap"), insight(period), ""},
		{"element", insightForm("/features/*=RND"), insight(`"features":["RND"]`), ""},
		{"element that is not allowed", insightForm("/features/*=RND"), insight(`"features":["SimSwap"]`), "this value of the parameter /features/* is not enabled"},
		{"array by the pointer above", insightForm("/features"), insight(`"features":["SimSwap"]`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.form.Read(tt.in)
			if tt.refusal == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantRefusal(t, err, provider.ReasonForbidden, tt.refusal)
		})
	}
}

func TestAllowListIsHeldAgainstTheProvider(t *testing.T) {
	p := &provider.Provider{Operations: []provider.Operation{*insightOperation(), {
		Params: []provider.Param{{Name: "cnam", In: provider.InQuery, Kind: provider.KindBoolean, OptIn: true}},
	}}}
	for _, tt := range []struct {
		entry string
		want  string // empty: no error
	}{
		{"cnam", ""},
		{"/insights", ""},
		{"/insights/sim_swap", ""},
		{"/features/*=RND,LineType", ""},
		{"purpose", `"purpose" cannot be allowed: those that can are [/features/* /insights/match/first_name /insights/match/last_name /insights/sim_swap cnam]`},
		{"/insights/format", `"/insights/format" cannot be allowed`},
		{"/insights/", `"/insights/" cannot be allowed`},
		{"", `"" cannot be allowed`},
		{"/features/*=RND,VoIP", `value "VoIP" of parameter "/features/*" cannot be allowed: those that can are [LineType RND SimSwap]`},
		{"/features/*=", `value "" of parameter "/features/*" cannot be allowed`},
		{"/features=RND", `"/features" has no list of values`},
		{"cnam=true", `"cnam" has no list of values`},
	} {
		t.Run(tt.entry, func(t *testing.T) {
			err := CheckAllowed(p, []string{"cnam", tt.entry})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
