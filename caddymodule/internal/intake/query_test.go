package intake

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func packagesForm(allow ...string) *Form {
	return mustCompile(&provider.Operation{
		Method: "GET", Path: "/lookup/{number}", AlsoPost: true,
		Number: &provider.NumberSlot{In: provider.InPath, Format: provider.FormatE164, RegionParam: "CountryCode"},
		Params: []provider.Param{
			{Name: "Type", In: provider.InQuery, Kind: provider.KindString, Values: []string{"carrier", "caller-name"}, Max: 2, OptIn: true, Cost: 2},
			{Name: "Fields", In: provider.InQuery, Kind: provider.KindString, Values: []string{"a", "b", "c"}, Separator: ",", Max: 2},
			{Name: "country[]", In: provider.InQuery, Kind: provider.KindRegion, Max: 2},
			{Name: "strict", In: provider.InQuery, Kind: provider.KindBoolean},
			{Name: "limit", In: provider.InQuery, Kind: provider.KindInteger},
		},
	}, Options{Allow: append(allow, "Type"), KeyParams: []string{"key"}, Discard: []string{"user-id"}})
}

func formMessage(text string) Message {
	return Message{
		Method: http.MethodPost, PathNumber: "1", Body: []byte(text),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}},
	}
}

func TestQueryIsWrittenCanonically(t *testing.T) {
	query := func(raw string) Message { return Message{Method: http.MethodGet, PathNumber: "1", RawQuery: raw} }
	both := formMessage("Fields=a")
	both.RawQuery = "Type=carrier"
	for _, tt := range []struct {
		name string
		in   Message
		want string
	}{
		{"repeats", query("Type=carrier&Type=caller-name"), "Type=carrier&Type=caller-name"},
		{"repeats apart", query("Type=carrier&strict=1&Type=caller-name"), "Type=carrier&Type=caller-name&strict=true"},
		{"list", query("Fields=b,a"), "Fields=b%2Ca"},
		{"encoded list", query("Fields=b%2ca"), "Fields=b%2Ca"},
		{"list of one", query("Fields=b"), "Fields=b"},
		{"empty, as clients send what they do not have", query("Fields=&Type=&limit="), ""},
		{"brackets", query("country[]=us&country%5B%5D=CA"), "country%5B%5D=US&country%5B%5D=CA"},
		{"integer", query("limit=007"), "limit=7"},
		{"nothing", query(""), ""},
		{"region", query("CountryCode=us"), ""},
		{"post with the parameters in the query", Message{Method: http.MethodPost, PathNumber: "1", RawQuery: "Fields=a"}, "Fields=a"},
		{"post without parameters", Message{Method: http.MethodPost, PathNumber: "1"}, ""},
		{"form", formMessage("user-id=u&key=k&Fields=a,b&Type=carrier"), "Type=carrier&Fields=a%2Cb"},
		{"query and form", both, "Type=carrier&Fields=a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := packagesForm()
			in, err := f.Read(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			got := f.Write(in, plusOnes(in))
			if got.RawQuery != tt.want || got.Method != http.MethodGet || got.Path != "/lookup/+1" || got.Body != nil {
				t.Errorf("got %+v, want the query %q", got, tt.want)
			}
		})
	}
}

func TestQueryOutsideItsBoundsIsRefused(t *testing.T) {
	query := func(raw string) Message { return Message{Method: http.MethodGet, PathNumber: "1", RawQuery: raw} }
	with := func(m Message, change func(*Message)) Message {
		change(&m)
		return m
	}
	for _, tt := range []struct {
		name   string
		in     Message
		reason provider.Reason
		detail string
	}{
		{"value twice", query("Type=carrier&Type=carrier"), provider.ReasonInvalidRequest, "a value twice"},
		{"value outside its list", query("Type=cnam"), provider.ReasonInvalidRequest, "must be one of"},
		{"too many repeats", query("country[]=US&country[]=CA&country[]=GB"), provider.ReasonInvalidRequest, "too many values"},
		{"canonical value twice", query("country[]=US&country[]=us"), provider.ReasonInvalidRequest, "a value twice"},
		{"list too long", query("Fields=a,b,c"), provider.ReasonInvalidRequest, "too many values"},
		{"list with a value twice", query("Fields=a,a"), provider.ReasonInvalidRequest, "a value twice"},
		{"list with an empty value", query("Fields=a,"), provider.ReasonInvalidRequest, "Fields must be"},
		{"list twice", query("Fields=a&Fields=b"), provider.ReasonInvalidRequest, "sent twice"},
		{"single value twice", query("strict=true&strict=false"), provider.ReasonInvalidRequest, "sent twice"},
		{"get with a body", with(formMessage("Fields=a"), func(m *Message) { m.Method = http.MethodGet }), provider.ReasonInvalidRequest, "takes no body"},
		{"same list in query and form", with(formMessage("Fields=a"), func(m *Message) { m.RawQuery = "Fields=b" }), provider.ReasonInvalidRequest, "sent twice"},
		{"same value in query and form", with(formMessage("strict=1"), func(m *Message) { m.RawQuery = "strict=1" }), provider.ReasonInvalidRequest, "sent twice"},
		{"unknown name in a form", formMessage("callback=f"), provider.ReasonInvalidRequest, "unknown parameter"},
		{"number in a form beside the path", formMessage("number=2"), provider.ReasonInvalidRequest, "unknown parameter"},
		{"form that is not encoded well", formMessage("Fields=%4"), provider.ReasonInvalidRequest, "not encoded well"},
		{"form without its type", with(formMessage("Fields=a"), func(m *Message) { m.Header = nil }), provider.ReasonUnsupportedMedia, "urlencoded"},
		{"multipart", with(formMessage("x"), func(m *Message) { m.Header = http.Header{"Content-Type": {"multipart/form-data"}} }), provider.ReasonUnsupportedMedia, "urlencoded"},
		{"JSON", with(formMessage("{}"), func(m *Message) { m.Header = http.Header{"Content-Type": {"application/json"}} }), provider.ReasonUnsupportedMedia, "urlencoded"},
		{"compressed form", with(formMessage("Fields=a"), func(m *Message) { m.Header["Content-Encoding"] = []string{"gzip"} }), provider.ReasonUnsupportedMedia, "urlencoded"},
		{"long form", formMessage("Fields=" + strings.Repeat("a", MaxQueryBytes)), provider.ReasonTooLarge, "too long"},
		{"many parameters together", with(formMessage(strings.Repeat("key=k&", maxParams/2)), func(m *Message) { m.RawQuery = strings.Repeat("key=k&", maxParams/2+1) }), provider.ReasonTooLarge, "too many"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := packagesForm().Read(tt.in)
			wantRefusal(t, err, tt.reason, tt.detail)
		})
	}
}

func TestOnlyOperationsThatAlsoTakePostReadForms(t *testing.T) {
	m := formMessage("number=1")
	m.PathNumber = ""
	_, err := queryForm().Read(m)
	wantRefusal(t, err, provider.ReasonInvalidRequest, "takes no body")
	_, err = bodyForm().Read(formMessage("phone=1"))
	wantRefusal(t, err, provider.ReasonUnsupportedMedia, "application/json")
}
