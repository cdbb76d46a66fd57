package intake

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzRead promises that nothing that a caller sends stops the process, and
// that whatever is accepted is written as a request that reads as the same.
func FuzzRead(f *testing.F) {
	f.Add("number=1&lang=x", "+1415", []byte(`{"phone":"1","note":"x"}`))
	f.Add("number=+1&&country_code=US", "1", []byte(`{"phone":1,"deep":false,"ip":"::1"}`))
	f.Add("Type=carrier&Type=caller-name&Fields=a,b&CountryCode=us&country[]=US", "%2B1", []byte(`{"to":["1",2]}`))
	f.Add("limit=-007&strict=1", "1", []byte(`{"phone_numbers":[{"phone_number":"1","country_code":"us","fields":["carrier"]},{"phone_number":2,"identity":{"first_name":"\u00e9"}}],"deep":true}`))
	f.Add("", "1", []byte(`{"phone_number":"1","insights":{"format":{},"sim_swap":{"period":240}},"features":["RND"],"odd/name":{"a~b":null}}`))
	addSamples(f)
	bodies := []*Form{bodyForm("ip"), insightForm("/insights", "/features"), listForm(), batchForm()}
	query, path := queryForm(), packagesForm()
	f.Fuzz(func(t *testing.T, rawQuery, pathNumber string, body []byte) {
		if in, err := query.Read(Message{RawQuery: rawQuery}); err == nil {
			same(t, query, in, func(out Outbound) Message { return Message{RawQuery: out.RawQuery} })
		}
		byPath := func(out Outbound) Message {
			return Message{PathNumber: strings.TrimPrefix(out.Path, "/lookup/"), RawQuery: out.RawQuery}
		}
		if in, err := path.Read(Message{PathNumber: pathNumber, RawQuery: rawQuery}); err == nil {
			same(t, path, in, byPath)
		}
		if in, err := path.Read(formMessage(rawQuery)); err == nil {
			same(t, path, in, byPath)
		}
		for _, form := range bodies {
			if in, err := form.Read(jsonMessage(string(body))); err == nil {
				same(t, form, in, func(out Outbound) Message { return jsonMessage(string(out.Body)) })
			}
			_, _ = form.ReadUnified(jsonMessage(string(body)))
		}
	})
}

// addSamples adds the requests that the providers document.
func addSamples(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "providers", "*", "*.json"))
	if err != nil || len(files) < 100 {
		f.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var sample struct {
			Request struct {
				Target, Form string
				Body         json.RawMessage
			}
		}
		if err := json.Unmarshal(text, &sample); err != nil {
			f.Fatal(err)
		}
		path, query, _ := strings.Cut(sample.Request.Target, "?")
		if sample.Request.Form != "" {
			query = sample.Request.Form
		}
		f.Add(query, path[strings.LastIndexByte(path, '/')+1:], []byte(sample.Request.Body))
	}
}

// same writes an input and reads it again. Regions are gone then: the provider
// gets full numbers.
func same(t *testing.T, form *Form, in *Input, again func(Outbound) Message) {
	t.Helper()
	first := form.Write(in, raws(in))
	if first.Body != nil && !jsontext.Value(first.Body).IsValid() {
		t.Fatalf("wrote %q, which is no JSON", first.Body)
	}
	m := again(first)
	m.Method = http.MethodPost
	reread, err := form.Read(m)
	if err != nil {
		t.Fatalf("what was written is not read: %v", err)
	}
	if !slices.Equal(raws(in), raws(reread)) {
		t.Errorf("numbers %q became %q", raws(in), raws(reread))
	}
	second := form.Write(reread, raws(reread))
	if first.Path != second.Path || first.RawQuery != second.RawQuery || string(first.Body) != string(second.Body) {
		t.Errorf("%+v became %+v", first, second)
	}
	if in.Cost() != reread.Cost() {
		t.Errorf("cost %d became %d", in.Cost(), reread.Cost())
	}
}

func raws(in *Input) []string {
	list := make([]string, len(in.Numbers))
	for i, asked := range in.Numbers {
		list[i] = asked.Raw
	}
	return list
}
