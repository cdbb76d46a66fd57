// Package intake reads what a caller asks, against the allow-list of the
// operation, and writes the request that the provider gets. The request to the
// provider is built from checked values only; nothing of the caller's own
// message is copied.
package intake

import (
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Form is the compiled allow-list of one operation. It is immutable and safe
// for concurrent use.
type Form struct {
	op      *provider.Operation
	number  *provider.NumberSlot
	params  []provider.Param // in the order in which they are sent
	refused map[string]bool  // opt-in parameters that this route does not allow
	ignored []string         // query parameters that hold the caller's own key
	allowed string           // for error texts
	hasJSON bool
}

// Compile builds the form of an operation. optIn names the opt-in parameters
// that the route allows. keyParams are query parameters in which a caller may
// present its key: they were consumed before and are skipped here.
func Compile(op *provider.Operation, optIn, keyParams []string) *Form {
	f := &Form{op: op, number: op.Number, params: op.Params, refused: map[string]bool{}, ignored: keyParams}
	var names []string
	if n := op.Number; n != nil && n.In != provider.InPath {
		names = append(names, n.Name)
		f.hasJSON = n.In == provider.InJSON
		if n.RegionParam != "" {
			names = append(names, n.RegionParam)
		}
	}
	for _, p := range op.Params {
		f.hasJSON = f.hasJSON || p.In == provider.InJSON
		if p.OptIn && !slices.Contains(optIn, p.Name) {
			f.refused[p.Name] = true
			continue
		}
		names = append(names, p.Name)
	}
	f.allowed = strings.Join(names, ", ")
	if f.allowed == "" {
		f.allowed = "none"
	}
	return f
}

// Input is what a caller asked, checked but for the number itself.
type Input struct {
	// Number is the number as the caller wrote it; empty for an operation
	// without one.
	Number string

	// Region is the region that the caller gave for a number in national
	// form; empty for none.
	Region string

	values []value
}

// value is one checked parameter.
type value struct {
	param *provider.Param
	text  string // canonical text
}

// set stores a parameter's text after checking its name, that it comes once,
// and its kind.
func (f *Form) set(in *Input, where provider.In, name, text string, isText bool) error {
	if n := f.number; n != nil && n.In == where {
		switch name {
		case n.Name:
			return setOnce(&in.Number, text, "the number")
		case n.RegionParam:
			if n.RegionParam != "" {
				return f.setRegion(in, text)
			}
		}
	}
	param := f.find(where, name)
	if param == nil {
		return invalid("an unknown parameter was sent; allowed here: " + f.allowed)
	}
	if f.refused[param.Name] {
		return &Error{Reason: provider.ReasonForbidden, Detail: "the parameter " + param.Name + " is not enabled on this route"}
	}
	for i := range in.values {
		if in.values[i].param == param {
			return invalid("the parameter " + param.Name + " was sent twice")
		}
	}
	canonical, err := check(param, text, isText)
	if err != nil {
		return err
	}
	in.values = append(in.values, value{param, canonical})
	return nil
}

func (f *Form) setRegion(in *Input, text string) error {
	region, ok := canonicalRegion(text)
	if text == "" {
		return nil // as vendors' clients send it when they have none
	}
	if !ok {
		return invalid("the parameter " + f.number.RegionParam + " must be a two-letter region such as US")
	}
	return setOnce(&in.Region, region, "the parameter "+f.number.RegionParam)
}

func (f *Form) find(where provider.In, name string) *provider.Param {
	for i := range f.params {
		if f.params[i].In == where && f.params[i].Name == name {
			return &f.params[i]
		}
	}
	return nil
}

func setOnce(target *string, text, what string) error {
	if text == "" {
		return invalid(what + " is empty")
	}
	if *target != "" {
		return invalid(what + " was sent twice")
	}
	*target = text
	return nil
}

// Error says why an input was refused. Its detail is safe for the caller: it
// holds names from the allow-list only, never what was sent.
type Error struct {
	Reason provider.Reason
	Detail string
}

func (e *Error) Error() string { return string(e.Reason) + ": " + e.Detail }

func invalid(detail string) error {
	return &Error{Reason: provider.ReasonInvalidRequest, Detail: detail}
}
