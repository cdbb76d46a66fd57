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

	// Hosts are further base URLs of the same API, by a short name such as a
	// region.
	Hosts map[string]string `json:"hosts,omitempty"`

	// Account names path segments that belong to the customer's account, such
	// as a project id: "{project_id}" in a path stands for the value that the
	// config gives.
	Account []string `json:"account,omitempty"`

	// Headers are constant headers of every request to the provider, by name.
	// They hold no secret.
	Headers map[string]string `json:"headers,omitempty"`

	// Operations is the allow-list of what callers can ask. Everything else on
	// the same host and key is unreachable.
	Operations []Operation `json:"operations,omitempty"`

	// Secrets names the fields of the credential, in the order in which
	// Placements take them: what the fields of the secret in Vault are best
	// called. Empty means "api_key".
	Secrets []string `json:"secrets,omitempty"`

	// Placements say where the credential goes in a request: each takes as
	// many fields of it as it needs, in order.
	Placements []Placement `json:"placements,omitempty"`

	// OtherPlacements are further ways in which this API takes a credential,
	// by name; a config chooses one instead of Placements.
	OtherPlacements map[string][]Placement `json:"other_placements,omitempty"`

	// CallerSlots lists where the vendor's own clients put their key. A caller
	// may present its Ringward key there, so that such a client needs nothing
	// but a new base URL and a new key.
	CallerSlots []Slot `json:"caller_slots,omitempty"`

	// Discard names query parameters that the vendor's clients send along with
	// their key, such as a user id. They are read past and never sent on.
	Discard []string `json:"discard,omitempty"`

	// Rules classify answers. They are tried in order, the first that matches
	// decides; where none does, ByStatus decides.
	Rules []Rule `json:"rules,omitempty"`

	// Quota names headers of answers that tell how much of the account's quota
	// is left. They become a metric and are never released.
	Quota []QuotaSignal `json:"quota,omitempty"`

	// Regions are the ISO 3166-1 alpha-2 regions the provider covers; empty
	// means all.
	Regions []string `json:"regions,omitempty"`

	// DefaultRegion is assumed for numbers in national form; empty means that
	// a national number needs its region in the request.
	DefaultRegion string `json:"default_region,omitempty"`

	// Problem renders one of Ringward's own errors as the provider would, so
	// that the vendor's clients can parse it. Nil means GenericProblem.
	Problem func(Problem) any `json:"-"`

	// ProblemType is the media type of what Problem renders. Empty means
	// application/json.
	ProblemType string `json:"-"`
}

// Operation is one allowed method and path of a provider.
type Operation struct {
	// Name names the operation in metrics and audit entries.
	Name string `json:"name,omitempty"`

	// Method is the HTTP method in which the provider is asked, GET or POST.
	Method string `json:"method,omitempty"`

	// AlsoPost lets callers of a GET operation use POST as well, with the
	// parameters in the query or as a form in the body. The provider is asked
	// with GET all the same.
	AlsoPost bool `json:"also_post,omitempty"`

	// Path is the path template. A segment "{number}" stands for the number,
	// "{key}" for the credential, and "{name}" for a value of
	// Provider.Account.
	Path string `json:"path,omitempty"`

	// Aliases are further paths under which callers reach this operation; the
	// provider is always asked at Path.
	Aliases []string `json:"aliases,omitempty"`

	// OptIn marks operations that cost more than a lookup or tell about
	// persons: a route serves them only where it names them.
	OptIn bool `json:"opt_in,omitempty"`

	// Number says where the number stands; nil for an operation without one.
	Number *NumberSlot `json:"number,omitempty"`

	// Params is the allow-list of further parameters.
	Params []Param `json:"params,omitempty"`

	// Cost is what a lookup costs for each number, in cost units: 1 is the
	// price of the provider's plainest lookup. Zero means 1 where the operation
	// has a number and nothing where it has none; see UnitCost.
	Cost int `json:"cost,omitempty"`

	// Fields is the allow-list of response fields, each in its data class.
	Fields []Field `json:"fields,omitempty"`

	// Each is the JSON pointer to the array that has one element for each
	// number of a batch; empty where an answer is about one number.
	Each string `json:"each,omitempty"`

	// Unified says where the fields of a unified answer come from. Pointers
	// start at the answer, or at an element of Each.
	Unified []Mapping `json:"unified,omitempty"`

	// Rules classify answers of this operation where no rule of the provider
	// does.
	Rules []Rule `json:"rules,omitempty"`
}

// UnitCost is what the operation costs for each number, in cost units.
func (op *Operation) UnitCost() int {
	if op.Cost == 0 && op.Number != nil {
		return 1
	}
	return op.Cost
}

// QuotaSignal is a header in which a provider tells what is left of a quota.
type QuotaSignal struct {
	// Header holds a number.
	Header string `json:"header,omitempty"`

	// Name is the quota's name in the metric, such as "month".
	Name string `json:"name,omitempty"`
}
