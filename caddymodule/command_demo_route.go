package caddymodule

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// demoRoute is one provider of the demo and what stands in front of it.
type demoRoute struct {
	Name, Listen, Upstream string
	Path                   string   // of the secret in Vault
	Fields                 []string // of the secret
	Secrets                map[string]string
	Key                    string   // all of the secret, as the provider's stand-in takes it
	Options                []string // of the route
	op                     provider.Operation
	slots                  []provider.Slot
}

// demoOptionsOf are what routes of some providers cannot do without.
var demoOptionsOf = map[string][]string{
	"sinch":                    {"account project_id demo", "set /features/* LineType"},
	"vonage-identity-insights": {"set purpose FraudPreventionAndDetection", "set /insights/format true", "set /insights/current_carrier true"},
}

func newDemoRoute(name, listen, upstream, key string) (demoRoute, error) {
	r := demoRoute{
		Name: name, Listen: listen, Upstream: upstream, Key: key, Options: demoOptionsOf[name],
		Path: "secret/ringward-demo/" + name, Secrets: make(map[string]string),
	}
	config := ProviderConfig{Name: name, Account: map[string]string{}}
	preset, err := provider.Preset(name)
	if err != nil {
		return r, err
	}
	for _, account := range preset.Account {
		config.Account[account] = "demo"
	}
	for _, placement := range preset.Placements {
		if placement.In == provider.InOAuth2 {
			token, err := url.Parse(placement.TokenURL)
			if err != nil {
				return r, err
			}
			r.Options = append(r.Options, "token_url "+upstream+token.Path)
		}
	}
	p, err := config.resolve()
	if err != nil {
		return r, err
	}
	r.op, r.slots, r.Fields = p.Operations[0], p.CallerSlots, p.SecretNames()
	for i, text := range strings.SplitN(key, ":", len(r.Fields)) {
		r.Secrets[r.Fields[i]] = text
	}
	return r, nil
}

// Host and Port are the two halves of where the route listens.
func (r demoRoute) Host() string { host, _, _ := net.SplitHostPort(r.Listen); return host }

// Port is the port on which the route listens.
func (r demoRoute) Port() string { _, port, _ := net.SplitHostPort(r.Listen); return port }

// request is the first operation's request for a number, with a caller key
// where the path has one.
func (r demoRoute) request(key, number string) (method, target, body string) {
	target = strings.NewReplacer(provider.NumberSegment, number, provider.KeySegment, key).Replace(r.op.Path)
	switch r.op.Number.In {
	case provider.InQuery:
		target += "?" + r.op.Number.Name + "=" + url.QueryEscape(number)
	case provider.InJSON:
		body = nested(r.op.Number.Name, number)
	}
	return r.op.Method, target, body
}

// curl is the command that looks a number up with a caller key, with both in
// the places in which the vendor's clients have them.
func (r demoRoute) curl(key, number string) string {
	method, target, body := r.request(key, number)
	command := fmt.Sprintf("curl -s -w '\\n' 'http://%s%s'", r.Listen, target)
	switch slot := r.slots[0]; {
	case slot.In == provider.InHeader && slot.Scheme != "":
		command += fmt.Sprintf(" -H '%s: %s %s'", slot.Name, slot.Scheme, key)
	case slot.In == provider.InHeader:
		command += fmt.Sprintf(" -H '%s: %s'", slot.Name, key)
	case slot.In == provider.InBasic:
		command += fmt.Sprintf(" -u 'demo:%s'", key)
	case slot.In == provider.InQuery:
		command += fmt.Sprintf(" -H 'X-API-Key: %s'", key)
	}
	switch {
	case body != "":
		command += fmt.Sprintf(" -H 'Content-Type: application/json' -d '%s'", body)
	case method == "POST":
		command += " -X POST"
	}
	return command
}

// nested writes a number into a JSON body at the place that its name tells.
func nested(name, number string) string {
	text := `"` + number + `"`
	segments := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for _, segment := range slices.Backward(segments) {
		if segment == "*" {
			text = "[" + text + "]"
		} else {
			text = `{"` + segment + `":` + text + "}"
		}
	}
	return text
}
