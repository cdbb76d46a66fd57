package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Renderings lists the forms in which a secret could turn up in a text.
func Renderings(secret string) []string {
	quoted, _ := json.Marshal(secret) // a text always encodes
	forms := []string{
		secret, strings.Trim(string(quoted), `"`), html.EscapeString(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
		url.QueryEscape(secret), url.PathEscape(secret),
		eachByte(secret, "%", strings.ToUpper), eachByte(secret, "%", strings.ToLower), eachByte(secret, `\x`, strings.ToLower), eachByte(secret, `\u00`, strings.ToLower),
	}
	// Base64 has three alignments. The characters at the ends depend on the
	// neighbours, and are left out.
	for pad := range 3 {
		padded := append(bytes.Repeat([]byte{'x'}, pad), secret...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(padded)
			forms = append(forms, text[(pad*8+5)/6:len(text)-1])
		}
	}
	return forms
}

func eachByte(text, before string, letters func(string) string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteString(before + letters(hex.EncodeToString([]byte{text[i]})))
	}
	return b.String()
}

// NumberForms lists the ways in which people and programs write a US number
// given as "+1...".
func NumberForms(e164 string) []string {
	national := strings.TrimPrefix(e164, "+1")
	area, exchange, line := national[:3], national[3:6], national[6:]
	forms := []string{e164, e164[1:], national}
	for _, separator := range []string{"-", " "} {
		forms = append(forms, exchange+separator+line, area+separator+exchange)
	}
	return append(forms, area+") "+exchange)
}

// Evidence is what came out of a system, by where it came out.
type Evidence map[string]string

// AddTree adds all files below a directory but those named by their path in it.
func (e Evidence) AddTree(t testing.TB, dir string, except ...string) {
	t.Helper()
	skip := make(map[string]bool)
	for _, name := range except {
		skip[name] = true
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || skip[name] || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		e["file "+path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Find lists the places where a form of a secret is, with what is around it.
func (e Evidence) Find(secret string) []string {
	var s Searcher
	s.AddSecret("it", secret)
	var found []string
	for place, text := range e {
		if hits := s.Search(place, text, true); len(hits) > 0 {
			found = append(found, fmt.Sprintf("%s: ...%q...", place, hits[0].Around))
		}
	}
	return found
}

// Search fails the test where a form of a secret is found.
func (e Evidence) Search(t testing.TB, what, secret string) {
	t.Helper()
	for _, place := range e.Find(secret) {
		t.Errorf("%s is in %s", what, place)
	}
}

// SearchNumber fails the test where a form of a number is found.
func (e Evidence) SearchNumber(t testing.TB, e164 string) {
	t.Helper()
	for _, form := range NumberForms(e164) {
		e.Search(t, "the number", form)
	}
}
