package intake

import (
	"errors"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// insightOperation asks for switches and nested values.
func insightOperation() *provider.Operation {
	return &provider.Operation{
		Method: "POST", Path: "/v1/requests",
		Number: &provider.NumberSlot{In: provider.InJSON, Name: "phone_number", Format: provider.FormatDigits},
		Params: []provider.Param{
			{Name: "purpose", In: provider.InJSON, Kind: provider.KindString},
			{Name: "/insights/format", In: provider.InJSON, Kind: provider.KindEmpty},
			{Name: "/insights/sim_swap", In: provider.InJSON, Kind: provider.KindEmpty, OptIn: true, Cost: 3},
			{Name: "/insights/sim_swap/period", In: provider.InJSON, Kind: provider.KindInteger},
			{Name: "/insights/match/first_name", In: provider.InJSON, Kind: provider.KindString, OptIn: true, Cost: 2},
			{Name: "/insights/match/last_name", In: provider.InJSON, Kind: provider.KindString, OptIn: true},
			{Name: "/features/*", In: provider.InJSON, Kind: provider.KindString, Values: []string{"LineType", "SimSwap", "RND"}, Max: 2, OptIn: true, Costs: map[string]int{"SimSwap": 5}},
			{Name: "/odd~1name/a~0b", In: provider.InJSON, Kind: provider.KindBoolean},
			{Name: "/codes/*/id", In: provider.InJSON, Kind: provider.KindRegion},
		},
	}
}

func insightForm(allow ...string) *Form {
	return mustCompile(insightOperation(), Options{Allow: allow})
}

func TestNestedParametersAreRewritten(t *testing.T) {
	form := insightForm("/insights", "/features/*")
	for _, tt := range []struct{ name, body, want string }{
		{"switch", `{"insights":{"format":{}},"phone_number":"1"}`, `{"phone_number":"+1","insights":{"format":{}}}`},
		{"switch without members", `{"phone_number":"1","insights":{"sim_swap":{}}}`, `{"phone_number":"+1","insights":{"sim_swap":{}}}`},
		{"switch with members", `{"phone_number":"1","insights":{"sim_swap":{"period":240}}}`, `{"phone_number":"+1","insights":{"sim_swap":{"period":240}}}`},
		{"order of the description", `{"insights":{"match":{"last_name":"b","first_name":"a"},"format":{}},"phone_number":1}`, `{"phone_number":"+1","insights":{"format":{},"match":{"first_name":"a","last_name":"b"}}}`},
		{"array", `{"phone_number":"1","features":["SimSwap","LineType"]}`, `{"phone_number":"+1","features":["SimSwap","LineType"]}`},
		{"escaped names", `{"phone_number":"1","odd\u002fname":{"a~b":false}}`, `{"phone_number":"+1","odd/name":{"a~b":false}}`},
		{"array of objects", `{"phone_number":"1","codes":[{"id":"us"},{"id":"CA"}]}`, `{"phone_number":"+1","codes":[{"id":"US"},{"id":"CA"}]}`},
		{"nulls", `{"phone_number":"1","insights":null,"features":null,"codes":[{"id":"us"}]}`, `{"phone_number":"+1","codes":[{"id":"US"}]}`},
		{"canonical integer", `{"phone_number":"1","insights":{"sim_swap":{"period":-0}}}`, `{"phone_number":"+1","insights":{"sim_swap":{"period":0}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rewrite(t, form, jsonMessage(tt.body)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNestedParametersOutsideTheDescriptionAreRefused(t *testing.T) {
	form := insightForm("/insights", "/features/*")
	for _, tt := range []struct{ name, member, detail string }{
		{"unknown nested name", `"insights":{"roaming":{}}`, "unknown parameter"},
		{"unknown name in a switch", `"insights":{"format":{"x":1}}`, "unknown parameter"},
		{"pointer as a name", `"/insights/format":{}`, "unknown parameter"},
		{"star as a name", `"features":{"*":"RND"}`, "/features must be an array"},
		{"empty object that is no switch", `"insights":{}`, "/insights is empty"},
		{"object of nulls", `"insights":{"match":{"first_name":null}}`, "/insights/match is empty"},
		{"scalar for an object", `"insights":true`, "/insights must be an object"},
		{"array for an object", `"insights":[]`, "/insights must be an object"},
		{"scalar for a switch", `"insights":{"format":true}`, "/insights/format must be an object"},
		{"object for a scalar", `"purpose":{"a":1}`, "purpose must be a plain value"},
		{"array for a scalar", `"purpose":["a"]`, "purpose must be a plain value"},
		{"wrong type", `"insights":{"sim_swap":{"period":"240"}}`, "/insights/sim_swap/period must be of the kind integer"},
		{"empty array", `"features":[]`, "/features is empty"},
		{"too many elements", `"features":["RND","LineType","SimSwap"]`, "too many values"},
		{"element twice", `"features":["RND","RND"]`, "a value twice"},
		{"element outside its list", `"features":["VoIP"]`, "/features/* must be one of"},
		{"null element", `"features":[null]`, "/features/* must be a plain value"},
		{"nested array", `"features":[["RND"]]`, "/features/* must be a plain value"},
		{"empty element", `"codes":[{}]`, "/codes/* is empty"},
		{"elements without a documented bound", `"codes":[` + strings.Repeat(`{"id":"US"},`, maxElements) + `{"id":"US"}]`, "too many values"},
		{"nested name twice", `"insights":{"format":{},"format":{}}`, "each name once"},
		{"object twice", `"insights":{"format":{}},"insights":{"format":{}}`, "each name once"},
		{"cut off within", `"insights":{"format":{}`, "one JSON object"},
		{"depth beyond the description", `"insights":` + strings.Repeat("[", 1000), "/insights must be an object"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := form.Read(jsonMessage(`{"phone_number":"1",` + tt.member + `}`))
			wantRefusal(t, err, provider.ReasonInvalidRequest, tt.detail)
		})
	}
}

func TestOptionalBodyMayBeAbsent(t *testing.T) {
	form := mustCompile(&provider.Operation{
		Method: "POST", Path: "/v1/phoneid/{number}",
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatDigits},
		Params: []provider.Param{{Name: "/addons/contact", In: provider.InJSON, Kind: provider.KindEmpty}},
	}, Options{})
	absent := Message{Method: "POST", PathNumber: "1"}
	empty := jsonMessage(`{}`)
	full := jsonMessage(`{"addons":{"contact":{}}}`)
	empty.PathNumber, full.PathNumber = "1", "1"
	for _, tt := range []struct {
		name string
		in   Message
		want string
	}{
		{"absent", absent, `{}`},
		{"empty", empty, `{}`},
		{"full", full, `{"addons":{"contact":{}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rewrite(t, form, tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	form = insightForm()
	_, err := form.Read(jsonMessage(""))
	wantRefusal(t, err, provider.ReasonInvalidRequest, "one JSON object")
}

func TestContradictingDescriptionsDoNotCompile(t *testing.T) {
	text := func(name string) provider.Param {
		return provider.Param{Name: name, In: provider.InJSON, Kind: provider.KindString}
	}
	for _, tt := range []struct {
		name   string
		number provider.NumberSlot
		params []provider.Param
		detail string
	}{
		{"scalar with members", provider.NumberSlot{Name: "n"}, []provider.Param{text("/a"), text("/a/b")}, "/a is described as two"},
		{"object and array", provider.NumberSlot{Name: "n"}, []provider.Param{text("/a/b"), text("/a/*")}, "/a is described as two"},
		{"array and scalar", provider.NumberSlot{Name: "n"}, []provider.Param{text("/a/*"), text("a")}, "a is described as two"},
		{"parameter in the number's place", provider.NumberSlot{Name: "/n/x"}, []provider.Param{text("/n")}, "/n is described as two"},
		{"region elsewhere", provider.NumberSlot{Name: "/a/*/n", RegionParam: "/country", Max: 2}, nil, "beside the number"},
		{"region of a plain list", provider.NumberSlot{Name: "/to/*", RegionParam: "/to/*", Max: 2}, nil, "beside the number"},
		{"array in an array", provider.NumberSlot{Name: "/a/*/b/*", Max: 2}, nil, "in one array"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.number.In = provider.InJSON
			_, err := Compile(&provider.Operation{Method: "POST", Path: "/", Number: &tt.number, Params: tt.params}, Options{})
			if err == nil || !strings.Contains(err.Error(), tt.detail) {
				t.Errorf("got %v, want %q", err, tt.detail)
			}
		})
	}
}

// rewrite reads a message and returns the body for the provider, in which all
// numbers are +1.
func rewrite(t *testing.T, form *Form, m Message) string {
	t.Helper()
	in, err := form.Read(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(form.Write(in, plusOnes(in)).Body)
}

func plusOnes(in *Input) []string {
	numbers := make([]string, len(in.Numbers))
	for i := range numbers {
		numbers[i] = "+1"
	}
	return numbers
}

func wantRefusal(t *testing.T, err error, reason provider.Reason, detail string) {
	t.Helper()
	refusal := (*Error)(nil)
	if !errors.As(err, &refusal) || refusal.Reason != reason || !strings.Contains(refusal.Detail, detail) {
		t.Errorf("got %v, want %s: %s", err, reason, detail)
	}
}
