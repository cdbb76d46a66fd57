package provider

import "strings"

// Match finds the operation behind a method and an escaped path, byte for
// byte: no cleaning, no decoding, so that no spelling of a path reaches an
// operation that is not its own. number is the segment where the number
// stands, still percent-encoded.
func (p *Provider) Match(method, escapedPath string) (op *Operation, number string) {
	for i := range p.Operations {
		o := &p.Operations[i]
		if o.Method != method {
			continue
		}
		if n, ok := matchPath(o.Path, escapedPath); ok {
			return o, n
		}
		for _, alias := range o.Aliases {
			if n, ok := matchPath(alias, escapedPath); ok {
				return o, n
			}
		}
	}
	return nil, ""
}

const placeholder = "{number}"

func matchPath(template, path string) (number string, ok bool) {
	before, after, has := strings.Cut(template, placeholder)
	if !has {
		return "", template == path
	}
	if len(path) <= len(before)+len(after) || !strings.HasPrefix(path, before) || !strings.HasSuffix(path, after) {
		return "", false
	}
	number = path[len(before) : len(path)-len(after)]
	return number, !strings.Contains(number, "/")
}
