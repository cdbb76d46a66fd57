package minimize

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// watch is a scalar that rules look at. Only the texts that rules compare it
// with matter; every other text is otherText, so that nothing of the answer is
// copied or kept.
type watch struct {
	pointer string
	known   []string
	longest int // of known, in bytes
}

// sighting is what an answer has at a watched pointer.
type sighting struct {
	text  string
	found bool
}

// otherText stands for all texts no rule names. It is not valid UTF-8, so it
// equals no text of an answer and none of a rule.
const otherText = "\xff"

func (b *builder) addRules(p *Plan) error {
	for i := range p.rules {
		w, err := b.watchFor(p, &p.rules[i])
		if err != nil {
			return fmt.Errorf("error rule %d: %w", i+1, err)
		}
		p.watchOf = append(p.watchOf, w)
	}
	return nil
}

// watchFor returns the watch of a rule, or -1 for a rule on the status alone.
func (b *builder) watchFor(p *Plan, r *provider.Rule) (int, error) {
	if err := checkRule(r); err != nil || r.Pointer == "" {
		return -1, err
	}
	segments, err := parsePointer(r.Pointer, b.opts.MaxDepth)
	if err != nil {
		return -1, err
	}
	if slices.ContainsFunc(segments, func(s segment) bool { return s.star }) {
		return -1, fmt.Errorf("%w: %q: a rule looks at one value, without \"*\"", ErrPointer, r.Pointer)
	}
	i := slices.IndexFunc(p.watches, func(w watch) bool { return w.pointer == r.Pointer })
	if i < 0 {
		i = len(p.watches)
		// Exists tells null from everything else.
		p.watches = append(p.watches, watch{pointer: r.Pointer, known: []string{"null"}})
		b.patterns = append(b.patterns, pattern{role: roleWatch, pointer: r.Pointer, segments: segments, watch: i})
	}
	w := &p.watches[i]
	w.known = slices.Concat(w.known, r.Equals, r.NotEquals)
	slices.Sort(w.known)
	w.known = slices.Compact(w.known)
	for _, text := range w.known {
		w.longest = max(w.longest, len(text))
	}
	return i, nil
}

func checkRule(r *provider.Rule) error {
	switch r.Verdict {
	case provider.Answer, provider.BadCredential, provider.QuotaExceeded,
		provider.RateLimited, provider.BadRequest, provider.UnknownNumber, provider.ProviderError:
	default:
		return fmt.Errorf("unknown verdict %q", r.Verdict)
	}
	if r.Pointer == "" && (len(r.Equals) > 0 || len(r.NotEquals) > 0 || r.Exists) {
		return fmt.Errorf("%w: a condition on a value needs one", ErrPointer)
	}
	for _, text := range slices.Concat(r.Equals, r.NotEquals) {
		if !utf8.ValidString(text) {
			return fmt.Errorf("%q is not valid UTF-8", text)
		}
	}
	return nil
}

// recognise returns a text of the answer as a rule knows it.
func (w *watch) recognise(text []byte) string {
	for _, known := range w.known {
		if string(text) == known {
			return known
		}
	}
	return otherText
}

// classify applies the rules to a body that was read to its end.
func (p *Plan) classify(status int, seen []sighting) (verdict provider.Verdict, hint string) {
	for i := range p.rules {
		var at sighting
		if w := p.watchOf[i]; w >= 0 {
			at = seen[w]
		}
		if r := &p.rules[i]; r.Matches(status, at.text, at.found) {
			return r.Verdict, r.Hint
		}
	}
	return provider.ByStatus(status), ""
}

// Unread classifies an answer by its status alone: for bodies that could not
// be read (a gateway's HTML page with status 401 still means that the
// credential is bad). Rules on values do not apply. The verdict is never
// Answer.
func (p *Plan) Unread(status int) Result {
	verdict, hint := provider.ByStatus(status), ""
	for i := range p.rules {
		if r := &p.rules[i]; p.watchOf[i] < 0 && r.Matches(status, "", false) {
			verdict, hint = r.Verdict, r.Hint
			break
		}
	}
	if verdict == provider.Answer {
		verdict = provider.ProviderError
	}
	return Result{Verdict: verdict, Hint: hint}
}
