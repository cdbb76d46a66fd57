package provider

import "strings"

// Segments are the parts of a path that stand for something, still
// percent-encoded; empty where the path has none.
type Segments struct {
	Number string // "{number}"
	Key    string // "{key}": the caller's key, in the place of the credential
}

// Match finds the operation behind a method and an escaped path, byte for
// byte: no cleaning, no decoding, so that no spelling of a path reaches an
// operation that is not its own.
func (p *Provider) Match(method, escapedPath string) (op *Operation, at Segments) {
	for i := range p.Operations {
		o := &p.Operations[i]
		if o.Method != method && (!o.AlsoPost || method != "POST") {
			continue
		}
		if at, ok := matchPath(o.Path, escapedPath); ok {
			return o, at
		}
		for _, alias := range o.Aliases {
			if at, ok := matchPath(alias, escapedPath); ok {
				return o, at
			}
		}
	}
	return nil, Segments{}
}

// The placeholders of a path template. Each stands for one whole segment.
const (
	NumberSegment = "{number}"
	KeySegment    = "{key}"
)

// matchPath compares a path with a template, segment by segment.
func matchPath(template, path string) (at Segments, ok bool) {
	for {
		want, moreWanted, wantMore := strings.Cut(template, "/")
		got, moreGot, gotMore := strings.Cut(path, "/")
		switch want {
		case NumberSegment:
			at.Number, ok = got, got != ""
		case KeySegment:
			at.Key, ok = got, got != ""
		default:
			ok = want == got
		}
		if !ok || wantMore != gotMore {
			return Segments{}, false
		}
		if !wantMore {
			return at, true
		}
		template, path = moreWanted, moreGot
	}
}
