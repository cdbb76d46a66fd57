package intake

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// pairReader reads name=value pairs, of the query and then of a form in the
// body, under the same rules and one bound.
type pairReader struct {
	in    *Input
	count int
}

// read splits the pairs by hand: net/url's parser keeps duplicates and goes on
// after errors, and this one needs neither map nor sorting.
func (r *pairReader) read(raw string) error {
	if len(raw) > MaxQueryBytes {
		return tooLarge("the parameters are too long")
	}
	for ; raw != ""; r.count++ {
		if r.count == maxParams {
			return tooLarge("too many parameters were sent")
		}
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		rawName, rawText, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		text, err2 := url.QueryUnescape(rawText)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") || !utf8.ValidString(name) || !utf8.ValidString(text) {
			return invalid("the query string or form is not encoded well; encode a plus sign as %2B")
		}
		if slices.Contains(r.in.form.skipped, name) {
			continue
		}
		if err := r.in.addPair(name, text); err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) addPair(name, text string) error {
	f := in.form
	switch {
	case f.numberIn(provider.InQuery) && name == f.number.Name:
		// An unencoded plus sign reads as a space; in front of a number it
		// can only have been meant as a plus.
		if strings.HasPrefix(text, " ") {
			text = "+" + text[1:]
		}
		return in.addNumber(text)
	case f.region != "" && name == f.region:
		return in.addRegion(text)
	}
	for _, p := range f.query {
		if p.Name == name {
			return in.addParam(p, text)
		}
	}
	return f.unknown()
}

func (f *Form) unknown() error {
	return invalid("an unknown parameter was sent; allowed here: " + f.allowed)
}

// addParam takes one occurrence of a parameter in: a value, or a list of them
// in one text.
func (in *Input) addParam(p *param, text string) error {
	if text == "" {
		return nil // as vendors' clients send what they do not have
	}
	if p.Separator == "" {
		return in.addValue(p, text)
	}
	if err := p.open(); err != nil {
		return err
	}
	if in.has(p) {
		return invalid("the parameter " + p.Name + " was sent twice; send one list")
	}
	for more := true; more; {
		var part string
		part, text, more = strings.Cut(text, p.Separator)
		if err := in.addValue(p, part); err != nil {
			return err
		}
	}
	return nil
}

func (in *Input) has(p *param) bool {
	return slices.ContainsFunc(in.query, func(v value) bool { return v.param == p })
}

func (in *Input) addValue(p *param, text string) error {
	canonical, err := p.admit(text, true)
	if err != nil {
		return err
	}
	count := 0
	for _, v := range in.query {
		if v.param != p {
			continue
		}
		if count++; count == p.max() {
			return p.tooMany()
		}
		if v.text == canonical {
			return p.repeated()
		}
	}
	in.query = append(in.query, value{p, canonical})
	return nil
}

func (in *Input) addRegion(text string) error {
	region, err := in.form.regionOf(text)
	if err != nil || region == "" {
		return err
	}
	if in.region != "" {
		return invalid("the parameter " + in.form.region + " was sent twice")
	}
	in.region = region
	return nil
}

// regionOf returns the region, or nothing for an empty text, as vendors'
// clients send it when they have none.
func (f *Form) regionOf(text string) (string, error) {
	region, ok := canonicalRegion(text)
	if !ok && text != "" {
		return "", invalid("the parameter " + f.number.RegionParam + " must be a two-letter region such as US")
	}
	return region, nil
}
