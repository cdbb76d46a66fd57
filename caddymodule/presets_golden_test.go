package caddymodule

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goldenFile is what becomes of a sample: the request that the provider got,
// and what each caller got.
type goldenFile struct {
	upstream string
	answers  []goldenAnswer
}

type goldenAnswer struct {
	callers []string
	text    string
}

var requestID = regexp.MustCompile(`[0-9a-f]{32}`)

// add joins callers who got the same.
func (g *goldenFile) add(caller string, got reply) {
	body := requestID.ReplaceAllString(got.body, "{request_id}")
	text := fmt.Sprintf("%d %s\n%s\n", got.status, got.header.Get("Content-Type"), body)
	at := slices.IndexFunc(g.answers, func(a goldenAnswer) bool { return a.text == text })
	if at < 0 {
		at = len(g.answers)
		g.answers = append(g.answers, goldenAnswer{text: text})
	}
	g.answers[at].callers = append(g.answers[at].callers, caller)
}

func (g *goldenFile) text(t *testing.T) []byte {
	t.Helper()
	var text bytes.Buffer
	fmt.Fprintf(&text, "The provider gets:\n%s", g.upstream)
	for _, a := range g.answers {
		fmt.Fprintf(&text, "\n%s: %s", strings.Join(a.callers, ", "), a.text)
	}
	return text.Bytes()
}

// upstream describes the request that the provider got for each caller, which
// must be the same one.
func (p *presetStage) upstream(t *testing.T) string {
	t.Helper()
	requests, err := p.record.Requests()
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) == 0 {
		return "nothing\n"
	}
	var texts []string
	for _, r := range requests {
		var text strings.Builder
		fmt.Fprintf(&text, "%s %s\n", r.Method, r.URI)
		var names []string
		for name := range r.Headers {
			if name != "Accept" && name != "Accept-Encoding" && name != "User-Agent" && name != "Content-Length" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(r.Headers[name], ", "))
		}
		if r.Body != "" {
			text.WriteString(r.Body + "\n")
		}
		texts = append(texts, p.withoutSecrets(text.String()))
	}
	if texts = slices.Compact(texts); len(texts) != 1 {
		t.Errorf("the provider got different requests for one: %q", texts)
	}
	return texts[0]
}

// What is made anew for every request, or of the secret.
var (
	authorization = regexp.MustCompile(`(?m)^(Authorization: \S+) .*$`)
	varying       = regexp.MustCompile(`(?m)^(Date|X-Ts-Nonce): .*$`)
)

func (p *presetStage) withoutSecrets(text string) string {
	text = authorization.ReplaceAllString(text, "$1 {credential}")
	text = varying.ReplaceAllString(text, "$1: {varies}")
	for name, secret := range p.secrets {
		for _, form := range renderingsOf(secret) {
			text = strings.ReplaceAll(text, form, "{"+name+"}")
		}
	}
	return text
}
