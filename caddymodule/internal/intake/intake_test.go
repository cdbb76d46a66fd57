package intake

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func mustCompile(op *provider.Operation, o Options) *Form {
	f, err := Compile(op, o)
	if err != nil {
		panic(err)
	}
	return f
}

func bodyForm(allow ...string) *Form {
	return mustCompile(&provider.Operation{
		Method: "POST", Path: "/v1/lookup",
		Number: &provider.NumberSlot{In: provider.InJSON, Name: "phone", Format: provider.FormatE164},
		Params: []provider.Param{
			{Name: "deep", In: provider.InJSON, Kind: provider.KindBoolean},
			{Name: "level", In: provider.InJSON, Kind: provider.KindInteger, Values: []string{"1", "2"}},
			{Name: "note", In: provider.InJSON, Kind: provider.KindString, MaxLength: 10},
			{Name: "ip", In: provider.InJSON, Kind: provider.KindIP, OptIn: true},
		},
	}, Options{Allow: allow})
}

func queryForm() *Form {
	return mustCompile(&provider.Operation{
		Method: "GET", Path: "/validate",
		Number: &provider.NumberSlot{In: provider.InQuery, Name: "number", Format: provider.FormatDigits, RegionParam: "country_code"},
		Params: []provider.Param{
			{Name: "format", In: provider.InQuery, Kind: provider.KindInteger, Values: []string{"0", "1"}, Consumed: true},
			{Name: "lang", In: provider.InQuery, Kind: provider.KindString},
		},
	}, Options{KeyParams: []string{"access_key"}, Discard: []string{"user"}})
}

func pathForm() *Form {
	return mustCompile(&provider.Operation{
		Method: "GET", Path: "/v2/{number}/info",
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatE164, RegionParam: "CountryCode"},
	}, Options{})
}

func jsonMessage(body string) Message {
	return Message{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

func TestWhatIsAllowedIsRewritten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		form   *Form
		in     Message
		number string
		region string
		want   Outbound
	}{
		{
			"body", bodyForm(), jsonMessage(` {"note":"a \"b\"","phone":"(415) 858-6273","level":2,"deep":true} `),
			"(415) 858-6273", "",
			Outbound{Method: "POST", Path: "/v1/lookup", Body: []byte(`{"phone":"+1","deep":true,"level":2,"note":"a \"b\""}`)},
		},
		{
			"number as a JSON number", bodyForm(), jsonMessage(`{"phone":14158586273}`), "14158586273", "",
			Outbound{Method: "POST", Path: "/v1/lookup", Body: []byte(`{"phone":"+1"}`)},
		},
		{
			"null means not given", bodyForm(), jsonMessage(`{"phone":"1","note":null}`), "1", "",
			Outbound{Method: "POST", Path: "/v1/lookup", Body: []byte(`{"phone":"+1"}`)},
		},
		{
			"allowed by the route", bodyForm("ip"), jsonMessage(`{"phone":"1","ip":"::ffff:192.0.2.1"}`), "1", "",
			Outbound{Method: "POST", Path: "/v1/lookup", Body: []byte(`{"phone":"+1","ip":"192.0.2.1"}`)},
		},
		{
			"query", queryForm(),
			Message{RawQuery: "access_key=k&number=415%20858&country_code=us&format=1&lang=a%26b%3Dc"},
			"415 858", "US",
			Outbound{Method: "GET", Path: "/validate", RawQuery: "number=%2B1&lang=a%26b%3Dc"},
		},
		{
			"plus sign that was not encoded", queryForm(),
			Message{RawQuery: "number=+1415"},
			"+1415", "",
			Outbound{Method: "GET", Path: "/validate", RawQuery: "number=%2B1"},
		},
		{
			"empty region, as clients send it", queryForm(),
			Message{RawQuery: "number=1&country_code="},
			"1", "",
			Outbound{Method: "GET", Path: "/validate", RawQuery: "number=%2B1"},
		},
		{
			"names that are read past", queryForm(),
			Message{RawQuery: "user=a&number=1&user=b"},
			"1", "",
			Outbound{Method: "GET", Path: "/validate", RawQuery: "number=%2B1"},
		},
		{
			"path", pathForm(),
			Message{PathNumber: "%2B1415"},
			"+1415", "",
			Outbound{Method: "GET", Path: "/v2/+1/info"},
		},
		{
			"path, with the region in the query", pathForm(),
			Message{PathNumber: "415", RawQuery: "CountryCode=us"},
			"415", "US",
			Outbound{Method: "GET", Path: "/v2/+1/info"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := tt.form.Read(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if want := []Asked{{tt.number, tt.region}}; !slices.Equal(in.Numbers, want) {
				t.Errorf("got %q, want %q", in.Numbers, want)
			}
			got := tt.form.Write(in, []string{"+1"})
			if got.Method != tt.want.Method || got.Path != tt.want.Path || got.RawQuery != tt.want.RawQuery || string(got.Body) != string(tt.want.Body) {
				t.Errorf("got %+v with body %s", got, got.Body)
			}
		})
	}
}

func TestWhatIsNotAllowedIsRefused(t *testing.T) {
	with := func(name, value string) Message {
		m := jsonMessage(`{"phone":"1"}`)
		m.Header[name] = []string{value}
		return m
	}
	long := strings.Repeat("a", MaxBodyBytes)
	for _, tt := range []struct {
		name   string
		form   *Form
		in     Message
		reason provider.Reason
	}{
		{"no number", bodyForm(), jsonMessage(`{}`), provider.ReasonInvalidRequest},
		{"empty number", bodyForm(), jsonMessage(`{"phone":""}`), provider.ReasonInvalidRequest},
		{"null number", bodyForm(), jsonMessage(`{"phone":null}`), provider.ReasonInvalidRequest},
		{"number twice", bodyForm(), jsonMessage(`{"phone":"1","phone":"2"}`), provider.ReasonInvalidRequest},
		{"number twice, escaped", bodyForm(), jsonMessage(`{"phone":"1","\u0070hone":"2"}`), provider.ReasonInvalidRequest},
		{"number with an exponent", bodyForm(), jsonMessage(`{"phone":1e10}`), provider.ReasonInvalidRequest},
		{"number with a fraction", bodyForm(), jsonMessage(`{"phone":1.5}`), provider.ReasonInvalidRequest},
		{"number below zero", bodyForm(), jsonMessage(`{"phone":-1}`), provider.ReasonInvalidRequest},
		{"number as a boolean", bodyForm(), jsonMessage(`{"phone":true}`), provider.ReasonInvalidRequest},
		{"number too long", bodyForm(), jsonMessage(`{"phone":"` + strings.Repeat("1", 300) + `"}`), provider.ReasonInvalidRequest},
		{"number as an object", bodyForm(), jsonMessage(`{"phone":{}}`), provider.ReasonInvalidRequest},
		{"number as a list", bodyForm(), jsonMessage(`{"phone":["1","2"]}`), provider.ReasonInvalidRequest},
		{"name in another case", bodyForm(), jsonMessage(`{"phone":"1","Phone":"2"}`), provider.ReasonInvalidRequest},
		{"unknown parameter", bodyForm(), jsonMessage(`{"phone":"1","callback":"x"}`), provider.ReasonInvalidRequest},
		{"unknown null", bodyForm(), jsonMessage(`{"phone":"1","callback":null}`), provider.ReasonInvalidRequest},
		{"parameter not enabled", bodyForm(), jsonMessage(`{"phone":"1","ip":"192.0.2.1"}`), provider.ReasonForbidden},
		{"boolean as text", bodyForm(), jsonMessage(`{"phone":"1","deep":"true"}`), provider.ReasonInvalidRequest},
		{"boolean as number", bodyForm(), jsonMessage(`{"phone":"1","deep":1}`), provider.ReasonInvalidRequest},
		{"integer out of its list", bodyForm(), jsonMessage(`{"phone":"1","level":3}`), provider.ReasonInvalidRequest},
		{"integer as text", bodyForm(), jsonMessage(`{"phone":"1","level":"2"}`), provider.ReasonInvalidRequest},
		{"integer with exponent", bodyForm(), jsonMessage(`{"phone":"1","level":1e0}`), provider.ReasonInvalidRequest},
		{"text too long", bodyForm(), jsonMessage(`{"phone":"1","note":"12345678901"}`), provider.ReasonInvalidRequest},
		{"text with a control character", bodyForm(), jsonMessage(`{"phone":"1","note":"a\u0000b"}`), provider.ReasonInvalidRequest},
		{"not an object", bodyForm(), jsonMessage(`["1"]`), provider.ReasonInvalidRequest},
		{"two objects", bodyForm(), jsonMessage(`{"phone":"1"}{"phone":"2"}`), provider.ReasonInvalidRequest},
		{"text behind the object", bodyForm(), jsonMessage(`{"phone":"1"} x`), provider.ReasonInvalidRequest},
		{"cut off", bodyForm(), jsonMessage(`{"phone":"1"`), provider.ReasonInvalidRequest},
		{"not UTF-8", bodyForm(), jsonMessage("{\"phone\":\"1\",\"note\":\"\xff\"}"), provider.ReasonInvalidRequest},
		{"lone surrogate", bodyForm(), jsonMessage(`{"phone":"1","note":"\ud800"}`), provider.ReasonInvalidRequest},
		{"byte order mark", bodyForm(), jsonMessage("\ufeff{\"phone\":\"1\"}"), provider.ReasonInvalidRequest},
		{"empty body", bodyForm(), jsonMessage(""), provider.ReasonInvalidRequest},
		{"XML", bodyForm(), with("Content-Type", "application/xml"), provider.ReasonUnsupportedMedia},
		{"form", bodyForm(), with("Content-Type", "application/x-www-form-urlencoded"), provider.ReasonUnsupportedMedia},
		{"other charset", bodyForm(), with("Content-Type", "application/json; charset=utf-16"), provider.ReasonUnsupportedMedia},
		{"compressed", bodyForm(), with("Content-Encoding", "gzip"), provider.ReasonUnsupportedMedia},
		{"no content type", bodyForm(), Message{Body: []byte(`{"phone":"1"}`)}, provider.ReasonUnsupportedMedia},
		{"large body", bodyForm(), jsonMessage(`{"phone":"1","note":"` + long + `"}`), provider.ReasonTooLarge},
		{"query beside a body", bodyForm(), Message{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"phone":"1"}`), RawQuery: "phone=2"}, provider.ReasonInvalidRequest},
		{"JSONP", queryForm(), Message{RawQuery: "number=1&callback=f"}, provider.ReasonInvalidRequest},
		{"number twice in the query", queryForm(), Message{RawQuery: "number=1&number=2"}, provider.ReasonInvalidRequest},
		{"parameter twice in the query", queryForm(), Message{RawQuery: "number=1&lang=a&lang=a"}, provider.ReasonInvalidRequest},
		{"region twice", queryForm(), Message{RawQuery: "number=1&country_code=US&country_code=US"}, provider.ReasonInvalidRequest},
		{"region twice beside a path", pathForm(), Message{PathNumber: "1", RawQuery: "CountryCode=US&CountryCode=US"}, provider.ReasonInvalidRequest},
		{"region that is none", queryForm(), Message{RawQuery: "number=1&country_code=USA"}, provider.ReasonInvalidRequest},
		{"semicolon", queryForm(), Message{RawQuery: "number=1;lang=a"}, provider.ReasonInvalidRequest},
		{"broken escape", queryForm(), Message{RawQuery: "number=%4"}, provider.ReasonInvalidRequest},
		{"query not UTF-8", queryForm(), Message{RawQuery: "number=1&lang=%ff"}, provider.ReasonInvalidRequest},
		{"long query", queryForm(), Message{RawQuery: "number=1&lang=" + strings.Repeat("a", MaxQueryBytes)}, provider.ReasonTooLarge},
		{"many parameters", queryForm(), Message{RawQuery: strings.Repeat("access_key=k&", 40)}, provider.ReasonTooLarge},
		{"body on a query operation", queryForm(), Message{RawQuery: "number=1", Body: []byte("x")}, provider.ReasonInvalidRequest},
		{"broken escape in the path", pathForm(), Message{PathNumber: "%zz"}, provider.ReasonInvalidRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.form.Read(tt.in)
			refusal := (*Error)(nil)
			if !errors.As(err, &refusal) || refusal.Reason != tt.reason {
				t.Errorf("got %v, want %s", err, tt.reason)
			}
		})
	}
}

func TestRefusalsDoNotRepeatTheInput(t *testing.T) {
	_, err := queryForm().Read(Message{RawQuery: "number=1&14158586273=14158586273"})
	if err == nil || strings.Contains(err.Error(), "14158586273") {
		t.Errorf("got %v", err)
	}
}
