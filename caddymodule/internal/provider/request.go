package provider

import "strings"

// In says in which part of a request something stands.
type In string

// The parts of a request.
const (
	InQuery  In = "query"
	InJSON   In = "json"   // a member of a JSON body
	InPath   In = "path"   // a segment of the path: "{number}" or "{key}"
	InHeader In = "header" // a header field
	InBasic  In = "basic"  // HTTP Basic authentication
)

// Format is the form in which a provider wants a number.
type Format string

// The number formats, for +1 415 858 6273.
const (
	FormatE164     Format = "e164"     // +14158586273
	FormatDigits   Format = "digits"   // 14158586273
	FormatNational Format = "national" // 4158586273
)

// NumberSlot says where the number of an operation stands and how it is read
// and written.
type NumberSlot struct {
	// In is InQuery, InJSON or InPath.
	In In `json:"in,omitempty"`

	// Name is the parameter's name as in Param; empty for InPath. A name with
	// "*" in it, such as "/to/*", makes the operation a batch.
	Name string `json:"name,omitempty"`

	// Format is what the provider is sent, whatever form the caller used.
	Format Format `json:"format,omitempty"`

	// BareInternational means that this API reads digits without "+" and
	// without a region as a full international number.
	BareInternational bool `json:"bare_international,omitempty"`

	// RegionParam names a parameter, in the same part of the request (in the
	// query, for InPath) with the region of a number in national form. In a
	// batch it stands beside the number. Ringward consumes it: the provider
	// gets the full number instead.
	RegionParam string `json:"region_param,omitempty"`

	// Max is how many numbers one request of a batch may hold.
	Max int `json:"max,omitempty"`
}

// Batch reports whether one request can hold several numbers.
func (n *NumberSlot) Batch() bool {
	return n != nil && n.In == InJSON && strings.Contains(n.Name, "/*")
}

// ParamKind is the type of a parameter.
type ParamKind string

// The parameter kinds.
const (
	KindString  ParamKind = "string"
	KindBoolean ParamKind = "boolean"
	KindInteger ParamKind = "integer"
	KindRegion  ParamKind = "region" // ISO 3166-1 alpha-2
	KindIP      ParamKind = "ip"
	KindEmpty   ParamKind = "empty" // an empty JSON object, used as a switch
)

// Param is one allowed parameter of an operation.
type Param struct {
	// Name is the parameter's name. In a JSON body a name that starts with "/"
	// is a JSON pointer (RFC 6901) to a nested value, in which a segment "*"
	// stands for every element of an array. Any other name is a member of the
	// top-level object.
	Name string    `json:"name,omitempty"`
	In   In        `json:"in,omitempty"` // InQuery or InJSON
	Kind ParamKind `json:"kind,omitempty"`

	// Values, when set, is the allow-list of values.
	Values []string `json:"values,omitempty"`

	// MaxLength bounds the value in bytes; 0 means DefaultMaxLength.
	MaxLength int `json:"max_length,omitempty"`

	// Separator, when set, makes a query parameter a list of values in one
	// text, as in Fields=caller_name,line_status. Each is checked alone.
	Separator string `json:"separator,omitempty"`

	// Max is how many values may be sent: occurrences of a query parameter,
	// parts of a list, elements of an array that ends a JSON pointer. 0 means 1.
	Max int `json:"max,omitempty"`

	// OptIn marks parameters that cost extra or send personal data: they are
	// refused unless the route allows them, by name or, for some of Values
	// only, as name=value.
	OptIn bool `json:"opt_in,omitempty"`

	// Cost is what the parameter adds to the cost of each number, in cost
	// units: for every value that is sent; for a boolean, when it is true.
	Cost int `json:"cost,omitempty"`

	// Costs replaces Cost for single values.
	Costs map[string]int `json:"costs,omitempty"`

	// Consumed parameters are read by Ringward and not sent on.
	Consumed bool `json:"consumed,omitempty"`
}

// DefaultMaxLength bounds a string parameter in bytes where a preset gives no
// bound of its own.
const DefaultMaxLength = 64

// CostOf is what a value of the parameter adds to the cost of each number.
func (p *Param) CostOf(value string) int {
	if cost, ok := p.Costs[value]; ok {
		return cost
	}
	if p.Kind == KindBoolean && value != "true" {
		return 0
	}
	return p.Cost
}
