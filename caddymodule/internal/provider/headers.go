package provider

import (
	"fmt"
	"net/http"
	"regexp"
)

// headerValuePattern is visible ASCII, with spaces between only.
var headerValuePattern = regexp.MustCompile(`^[!-~]([ -~]{0,254}[!-~])?$`)

// validateHeaders refuses constant headers that would change what a request is
// or who sends it. A placement's header is set by the credential alone.
func (p *Provider) validateHeaders() error {
	seen := map[string]bool{}
	for _, placement := range p.allPlacements() {
		if placement.In == InHeader {
			seen[http.CanonicalHeaderKey(placement.Name)] = true
		}
	}
	for name, value := range p.Headers {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !tokenPattern.MatchString(name) || isFramingHeader(name) || isCredentialHeader(canonical):
			return fmt.Errorf("provider %q: the header %q cannot be a constant", p.Name, name)
		case seen[canonical]:
			return fmt.Errorf("provider %q: the header %q is set twice, or holds the credential", p.Name, name)
		case !headerValuePattern.MatchString(value):
			return fmt.Errorf("provider %q: the value of the header %q must be visible ASCII, 256 characters at most", p.Name, name)
		}
		seen[canonical] = true
	}
	return nil
}

// allPlacements are the placements of every way to send the credential.
func (p *Provider) allPlacements() []Placement {
	all := append([]Placement{}, p.Placements...)
	for _, others := range p.OtherPlacements {
		all = append(all, others...)
	}
	return all
}

// isCredentialHeader reports headers that hold credentials by their definition.
// A constant there would be a secret in the config.
func isCredentialHeader(canonical string) bool {
	switch canonical {
	case "Authorization", "Proxy-Authorization", "Cookie":
		return true
	}
	return false
}
