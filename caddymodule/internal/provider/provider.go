// Package provider is the vocabulary of Ringward: what each phone API looks
// like, as data. A provider says which operations exist, where the number and
// the credential stand in a request, which answers are errors, and which data
// class each documented response field belongs to. Nothing in here does I/O.
package provider

// Provider describes one phone-lookup API.
type Provider struct {
	// Name is the provider's id in config, metrics and audit entries: lower
	// case letters, digits, "-", "_" and ".", 64 bytes at most.
	Name string `json:"name,omitempty"`

	// BaseURL is scheme, host and optional port of the API. The scheme is
	// always https.
	BaseURL string `json:"base_url,omitempty"`

	// Operations is the allow-list of what callers can ask. Everything else on
	// the same host and key is unreachable.
	Operations []Operation `json:"operations,omitempty"`

	// Placement says where the provider's credential goes in a request.
	Placement Placement `json:"placement"`

	// CallerSlots lists where the vendor's own clients put their key. A caller
	// may present its Ringward key there, so that such a client needs nothing
	// but a new base URL and a new key.
	CallerSlots []Slot `json:"caller_slots,omitempty"`

	// Rules classify answers. They are tried in order, the first that matches
	// decides; where none does, ByStatus decides.
	Rules []Rule `json:"rules,omitempty"`

	// Regions are the ISO 3166-1 alpha-2 regions the provider covers; empty
	// means all.
	Regions []string `json:"regions,omitempty"`

	// DefaultRegion is assumed for numbers in national form; empty means that
	// a national number needs its region in the request.
	DefaultRegion string `json:"default_region,omitempty"`

	// Problem renders one of Ringward's own errors as the provider would, so
	// that the vendor's clients can parse it. Nil means GenericProblem.
	Problem func(Problem) any `json:"-"`
}

// Operation is one allowed method and path of a provider.
type Operation struct {
	// Name names the operation in metrics and audit entries.
	Name string `json:"name,omitempty"`

	// Method is the HTTP method, GET or POST.
	Method string `json:"method,omitempty"`

	// Path is the path template. A segment "{number}" stands for the number.
	Path string `json:"path,omitempty"`

	// Aliases are further paths under which callers reach this operation; the
	// provider is always asked at Path.
	Aliases []string `json:"aliases,omitempty"`

	// Number says where the number stands; nil for an operation without one.
	Number *NumberSlot `json:"number,omitempty"`

	// Params is the allow-list of further parameters.
	Params []Param `json:"params,omitempty"`

	// Fields is the allow-list of response fields, each in its data class.
	Fields []Field `json:"fields,omitempty"`

	// Rules classify answers of this operation where no rule of the provider
	// does.
	Rules []Rule `json:"rules,omitempty"`
}

// In says in which part of a request something stands.
type In string

// The parts of a request.
const (
	InQuery  In = "query"
	InJSON   In = "json"   // a member of the top-level object of a JSON body
	InPath   In = "path"   // the "{number}" segment of the path
	InHeader In = "header" // a header field
	InBasic  In = "basic"  // the password of HTTP Basic authentication
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

	// Name is the parameter's name; empty for InPath.
	Name string `json:"name,omitempty"`

	// Format is what the provider is sent, whatever form the caller used.
	Format Format `json:"format,omitempty"`

	// BareInternational means that this API reads digits without "+" and
	// without a region as a full international number.
	BareInternational bool `json:"bare_international,omitempty"`

	// RegionParam names a parameter, in the same part of the request, with the
	// region of a number in national form. Ringward consumes it: the provider
	// gets the full number instead.
	RegionParam string `json:"region_param,omitempty"`
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
)

// Param is one allowed parameter of an operation.
type Param struct {
	Name string    `json:"name,omitempty"`
	In   In        `json:"in,omitempty"` // InQuery or InJSON
	Kind ParamKind `json:"kind,omitempty"`

	// Values, when set, is the allow-list of values.
	Values []string `json:"values,omitempty"`

	// MaxLength bounds the value in bytes; 0 means DefaultMaxLength.
	MaxLength int `json:"max_length,omitempty"`

	// OptIn marks parameters that cost extra or send personal data: they are
	// refused unless the route allows them by name.
	OptIn bool `json:"opt_in,omitempty"`

	// Consumed parameters are read by Ringward and not sent on.
	Consumed bool `json:"consumed,omitempty"`
}

// DefaultMaxLength bounds a string parameter in bytes where a preset gives no
// bound of its own.
const DefaultMaxLength = 64

// Class is a data class: a group of response fields that a caller may be
// allowed to see.
type Class string

// The data classes.
const (
	Validity    Class = "validity"
	LineType    Class = "line_type"
	Carrier     Class = "carrier"
	Portability Class = "portability"
	Location    Class = "location"
	Identity    Class = "identity"
	Risk        Class = "risk"
	Messaging   Class = "messaging"
	Account     Class = "account"

	// Envelope marks fields that say nothing about the number but without
	// which a client cannot read the answer. They are always released.
	Envelope Class = "envelope"

	// Never marks documented fields that are never released, such as balances
	// and prices. Naming them by pointer in a config is an error.
	Never Class = "never"
)

// Classes lists the data classes that a config may release.
func Classes() []Class {
	return []Class{Validity, LineType, Carrier, Portability, Location, Identity, Risk, Messaging, Account}
}

// DefaultRelease is what a caller sees with nothing configured.
func DefaultRelease() []Class { return []Class{Validity, LineType} }

// Field puts one response field into a data class.
type Field struct {
	// Pointer is a JSON pointer (RFC 6901) to a scalar. A segment "*" stands
	// for every element of an array or every member of an object. Objects and
	// arrays at the pointer's end are not released.
	Pointer string `json:"pointer,omitempty"`
	Class   Class  `json:"class,omitempty"`
}

// Placement says where a credential goes in a request to the provider.
type Placement struct {
	In   In     `json:"in,omitempty"`   // InHeader, InQuery or InBasic
	Name string `json:"name,omitempty"` // header or parameter name; empty for InBasic

	// Scheme precedes the credential in a header, as in "Bearer"; empty for none.
	Scheme string `json:"scheme,omitempty"`
}

// Fields is how many secrets the placement takes: user and password for
// InBasic, one elsewhere.
func (p Placement) Fields() int {
	if p.In == InBasic {
		return 2
	}
	return 1
}

// Slot is a place in which a caller may present its key.
type Slot struct {
	In     In     `json:"in,omitempty"`     // InHeader, InQuery or InBasic
	Name   string `json:"name,omitempty"`   // header or parameter name; empty for InBasic
	Scheme string `json:"scheme,omitempty"` // required scheme of a header, as in "Bearer"; empty for none
}

// fields builds the field list of one data class.
func fields(class Class, pointers ...string) []Field {
	list := make([]Field, len(pointers))
	for i, pointer := range pointers {
		list[i] = Field{Pointer: pointer, Class: class}
	}
	return list
}

// join concatenates field lists.
func join(lists ...[]Field) []Field {
	var all []Field
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
