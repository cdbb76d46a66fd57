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
	region  string   // query parameter with the number's region; empty for none
	query   []*param // in the order in which they are sent
	root    *shape   // the JSON body; nil for none
	skipped []string // query parameters that are read past
	allowed string   // for error texts
	single  node     // a body with one number and the route's settings
	unified *Form    // reads unified requests; nil for an operation without a number
}

// Options are what a route adds to an operation.
type Options struct {
	// Allow lists the opt-in parameters that the route allows. An entry is the
	// name of a parameter, or name=value,value for some of its values only. A
	// JSON pointer allows everything below it as well. Entries that mean
	// nothing for an operation are passed over; CheckAllowed finds those that
	// mean nothing for any.
	Allow []string

	// KeyParams are query parameters in which a caller may present its key.
	// They were consumed before and are read past.
	KeyParams []string

	// Discard names further query and form parameters that are read past.
	Discard []string

	// Settings are parameters that the route sets on every request. They need
	// no entry in Allow, and a caller cannot send them.
	Settings []Setting
}

// Compile builds the form of an operation. It fails for a setting that the
// parameter cannot take, and for descriptions that contradict each other.
func Compile(op *provider.Operation, o Options) (*Form, error) {
	f, err := compile(op, o)
	if err != nil || op.Number == nil {
		return f, err
	}
	f.unified, err = compile(&unifiedOperation, Options{KeyParams: o.KeyParams, Discard: o.Discard})
	return f, err
}

func compile(op *provider.Operation, o Options) (*Form, error) {
	f := &Form{op: op, number: op.Number, skipped: slices.Concat(o.KeyParams, o.Discard)}
	if n := op.Number; n != nil && n.In != provider.InJSON {
		f.region = n.RegionParam
	}
	params, err := f.compileParams(o)
	if err != nil {
		return nil, err
	}
	f.allowed = f.names(params)
	var inJSON []*param
	for _, p := range params {
		if p.In == provider.InJSON {
			inJSON = append(inJSON, p)
		} else {
			f.query = append(f.query, p)
		}
	}
	if len(inJSON) == 0 && !f.numberIn(provider.InJSON) {
		return f, nil
	}
	if f.root, err = compileShape(f.number, inJSON); err != nil {
		return nil, err
	}
	f.single, _ = f.root.prefilled(true)
	return f, nil
}

// compileParams holds every parameter against what the route says about it.
func (f *Form) compileParams(o Options) ([]*param, error) {
	params := make([]*param, len(f.op.Params))
	for i := range f.op.Params {
		p := &param{Param: &f.op.Params[i]}
		if err := p.apply(o.Settings); err != nil {
			return nil, err
		}
		p.grant(o.Allow)
		params[i] = p
	}
	return params, nil
}

// names lists what a caller can send.
func (f *Form) names(params []*param) string {
	var names []string
	if n := f.number; n != nil {
		for _, name := range []string{n.Name, n.RegionParam} {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	for _, p := range params {
		if !p.refused && p.set == nil {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (f *Form) numberIn(in provider.In) bool { return f.number != nil && f.number.In == in }

// Input is what a caller asked, checked but for the numbers themselves.
type Input struct {
	// Numbers are the numbers in the order of the request: one, or several in
	// a batch, or none for an operation without one.
	Numbers []Asked

	form   *Form
	query  []value // of the query or a form, in any order
	body   node
	region string // from the query, for the one number
	first  [1]Asked
}

// Asked is a number as the caller wrote it.
type Asked struct {
	// Raw is never empty.
	Raw string

	// Region is the region that the caller gave for a number in national
	// form; empty for none.
	Region string
}

// value is one checked value of a query parameter.
type value struct {
	param *param
	text  string // canonical text
}

// start is an input that holds what the route sets in the query.
func (f *Form) start() *Input {
	in := &Input{form: f}
	in.Numbers = in.first[:0] // the plain request needs no room for more
	for _, p := range f.query {
		for _, text := range p.set {
			in.query = append(in.query, value{p, text})
		}
	}
	return in
}

// addNumber takes a number in. In a batch there may be many.
func (in *Input) addNumber(raw string) error {
	switch {
	case raw == "":
		return invalid("the number is empty")
	case len(raw) > maxNumberBytes:
		return invalid("the number is too long")
	case len(in.Numbers) > 0 && !in.form.number.Batch():
		return invalid("the number was sent twice")
	}
	in.Numbers = append(in.Numbers, Asked{Raw: raw})
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

func tooLarge(detail string) error {
	return &Error{Reason: provider.ReasonTooLarge, Detail: detail}
}
