package credential

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// placePath puts the key in the place of the one segment KeySegment. Escaped, it
// stays one segment whatever it holds. The segments "." and ".." cannot be
// escaped: servers resolve them in any spelling.
func placePath(u *url.URL, key Field) error {
	text, err := revealLine(key)
	if err != nil {
		return err
	}
	if text == "." || text == ".." {
		return fmt.Errorf("field %q would change the path: %w", key.Name, ErrPlacement)
	}
	path, ok := withSegment(u.Path, text)
	raw, okRaw := withSegment(u.RawPath, url.PathEscape(text))
	if !ok || !okRaw {
		return fmt.Errorf("the path does not hold the segment %s once: %w", provider.KeySegment, ErrPlacement)
	}
	u.Path, u.RawPath = path, raw
	return nil
}

// withSegment replaces the segment KeySegment of a path, if there is exactly one.
func withSegment(path, segment string) (string, bool) {
	const mark = "/" + provider.KeySegment
	if strings.Count(path, mark) != 1 {
		return "", false
	}
	before, after, _ := strings.Cut(path, mark)
	if after != "" && after[0] != '/' {
		return "", false
	}
	return before + "/" + segment + after, true
}
