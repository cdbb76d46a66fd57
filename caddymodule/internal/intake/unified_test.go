package intake

import (
	"net/http"
	"slices"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestUnifiedRequestBecomesTheProvidersOwn(t *testing.T) {
	insight := mustCompile(insightOperation(), Options{Settings: settings("/insights/sim_swap/period=240", "/features/*=SimSwap")})
	packages := mustCompile(settingOperation(), Options{Settings: settings("Fields=a,b")})
	post := mustCompile(&provider.Operation{
		Method: "POST", Path: "/{number}",
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatDigits},
		Params: []provider.Param{{Name: "/addons/contact", In: provider.InJSON, Kind: provider.KindEmpty}},
	}, Options{})
	nested := mustCompile(&provider.Operation{
		Method: "POST", Path: "/",
		Number: &provider.NumberSlot{In: provider.InJSON, Name: "/target/value", Format: provider.FormatE164},
		Params: []provider.Param{{Name: "/target/type", In: provider.InJSON, Kind: provider.KindString}},
	}, Options{Settings: settings("/target/type=phone")})
	for _, tt := range []struct {
		name string
		form *Form
		want Outbound
		cost int
	}{
		{"query", queryForm(), Outbound{Method: "GET", Path: "/validate", RawQuery: "number=%2B1"}, 1},
		{"path with a setting", packages, Outbound{Method: "GET", Path: "/lookup/+1", RawQuery: "Fields=a%2Cb"}, 1},
		{"path and body", post, Outbound{Method: "POST", Path: "/+1", Body: []byte(`{}`)}, 1},
		{"body", bodyForm(), Outbound{Method: "POST", Path: "/v1/lookup", Body: []byte(`{"phone":"+1"}`)}, 1},
		{"body with settings", insight, Outbound{Method: "POST", Path: "/v1/requests", Body: []byte(`{"phone_number":"+1","insights":{"sim_swap":{"period":240}},"features":["SimSwap"]}`)}, 9},
		{"nested number", nested, Outbound{Method: "POST", Path: "/", Body: []byte(`{"target":{"value":"+1","type":"phone"}}`)}, 1},
		{"list", listForm(), Outbound{Method: "POST", Path: "/number/1/query", Body: []byte(`{"to":["+1"]}`)}, 1},
		{
			"batch with settings", batchForm(settings("/phone_numbers/*/fields/*=caller_name", "deep=true")...),
			Outbound{Method: "POST", Path: "/v2/batch/query", Body: []byte(`{"phone_numbers":[{"phone_number":"+1","fields":["caller_name"]}],"deep":true}`)},
			15,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := tt.form.ReadUnified(jsonMessage(`{"region":"us","number":"(415) 858-6273"}`))
			if err != nil {
				t.Fatal(err)
			}
			if want := []Asked{{"(415) 858-6273", "US"}}; !slices.Equal(in.Numbers, want) {
				t.Errorf("got %q, want %q", in.Numbers, want)
			}
			got := tt.form.Write(in, plusOnes(in))
			if got.Method != tt.want.Method || got.Path != tt.want.Path || got.RawQuery != tt.want.RawQuery || string(got.Body) != string(tt.want.Body) {
				t.Errorf("got %+v with body %s", got, got.Body)
			}
			if got := in.Cost(); got != tt.cost {
				t.Errorf("cost %d, want %d", got, tt.cost)
			}
		})
	}
}

func TestUnifiedRequestHoldsNothingElse(t *testing.T) {
	message := func(body, query string) Message {
		m := jsonMessage(body)
		m.RawQuery = query
		return m
	}
	status := mustCompile(&provider.Operation{Method: "GET", Path: "/status"}, Options{})
	plain := jsonMessage(`{"number":"1"}`)
	plain.Header = http.Header{}
	for _, tt := range []struct {
		name   string
		form   *Form
		in     Message
		reason provider.Reason
		detail string
	}{
		{"the provider's own parameter", bodyForm(), message(`{"number":"1","deep":true}`, ""), provider.ReasonInvalidRequest, "allowed here: number, region"},
		{"the provider's own name", bodyForm(), message(`{"phone":"1"}`, ""), provider.ReasonInvalidRequest, "allowed here: number, region"},
		{"no number", bodyForm(), message(`{"region":"US"}`, ""), provider.ReasonInvalidRequest, "send it as json parameter number"},
		{"no body", bodyForm(), message(``, ""), provider.ReasonInvalidRequest, "one JSON object"},
		{"a query", queryForm(), message(`{"number":"1"}`, "lang=x"), provider.ReasonInvalidRequest, "unknown parameter"},
		{"no content type", bodyForm(), plain, provider.ReasonUnsupportedMedia, "application/json"},
		{"operation without a number", status, message(`{"number":"1"}`, ""), provider.ReasonInvalidRequest, "takes no number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.form.ReadUnified(tt.in)
			wantRefusal(t, err, tt.reason, tt.detail)
		})
	}
	if _, err := queryForm().ReadUnified(message(`{"number":"1"}`, "access_key=k&user=u")); err != nil {
		t.Errorf("the caller's key in the query: %v", err)
	}
}
