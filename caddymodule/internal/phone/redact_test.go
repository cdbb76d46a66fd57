package phone

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNumbersAreNeverPrinted(t *testing.T) {
	t.Parallel()
	in := Input{Raw: sample, Region: "US"}
	n, err := newParser(t, Policy{}).Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		In     Input
		Number *Number
		Map    map[string]Number
	}{in, &n, map[string]Number{"n": n}}
	for _, value := range []any{n, &n, in, &in, holder, []Number{n}} {
		var printed bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", value)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		printed.Write(text)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("test", "value", value)
		slog.New(slog.NewJSONHandler(&printed, nil)).Info("test", "value", value)
		for _, leak := range []string{"8586273", "38353836323733", fmt.Sprintf("%x", sample[1:])} {
			if strings.Contains(printed.String(), leak) {
				t.Errorf("%T prints its number", value)
			}
		}
	}
	if n.String() != redacted || in.String() != redacted {
		t.Error("String is no placeholder")
	}
}
