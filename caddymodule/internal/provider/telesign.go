package provider

import "net/http"

var _ = preset("telesign", telesign)

// Telesign Phone ID, with the number in the path or in the body.
//
// Facts: the vendor's OpenAPI file of the Detect API, and its clients
// telesignsdk v3.0.4 and telesignenterprisesdk v7.0.0. The HTTP status is not
// authoritative: status.code and errors[].code are. The number is digits
// without "+". Accounts can be bound to source addresses. Add-ons are paid, and
// most tell about a person; how their prices compare was not found: each counts
// one unit. The deprecated contact_plus is not offered, nor are the routes live,
// standard and number_deactivation beside this one, nor external_id, a free
// text that the provider stores. Of the types of line only FIXED_LINE and
// MOBILE were found.
func telesign() *Provider {
	return &Provider{
		Name:    "telesign",
		BaseURL: "https://rest-ww.telesign.com",
		Hosts: map[string]string{
			"ww":  "https://rest-ww.telesign.com",
			"api": "https://rest-api.telesign.com", // the default of telesignsdk
		},
		Operations: []Operation{
			telesignPhoneID("phoneid", "/v1/phoneid/{number}", InPath, ""),
			telesignPhoneID("phoneid-body", "/v1/phoneid", InJSON, "phone_number"),
		},
		Secrets:         []string{"customer_id", "api_key"},
		Placements:      []Placement{{In: InBasic}},
		OtherPlacements: map[string][]Placement{"tsa": {{In: InTSA}}},
		CallerSlots:     []Slot{{In: InBasic}},
		Rules:           telesignRules(),
		Problem:         telesignProblem,
	}
}

func telesignPhoneID(name, path string, in In, number string) Operation {
	return Operation{
		Name:    name,
		Method:  http.MethodPost,
		Path:    path,
		Number:  &NumberSlot{In: in, Name: number, Format: FormatDigits, BareInternational: true},
		Params:  telesignParams(),
		Fields:  telesignFields(),
		Unified: telesignUnified(),
	}
}

func telesignParams() []Param {
	params := []Param{
		{
			Name: "account_lifecycle_event", In: InJSON, Kind: KindString,
			Values: []string{"create", "sign-in", "transact", "update", "delete"},
		},
		{Name: "originating_ip", In: InJSON, Kind: KindIP, OptIn: true}, // the subscriber's address: personal data
		{Name: "/consent/method", In: InJSON, Kind: KindInteger, Values: []string{"1", "2", "3", "4"}},
		{Name: "/consent/timestamp", In: InJSON, Kind: KindString, MaxLength: 35},
	}
	addon := func(name string, kind ParamKind) {
		params = append(params, Param{Name: "/addons/" + name, In: InJSON, Kind: kind, OptIn: true, Cost: 1})
	}
	for _, name := range []string{
		"age_verify", "active_call_status", "breached_number_check", "call_forward_detection", "contact",
		"number_deactivation", "subscriber_status", "porting_history", "porting_status", "sim_swap",
	} {
		addon(name, KindEmpty)
	}
	addon("age_verify/age_threshold", KindInteger)
	addon("porting_history/past_x_days", KindInteger)
	addon("contact/email", KindString)
	// A budget counts each of these, though the provider sells them together:
	// it errs on the safe side.
	for _, member := range []string{"first_name", "last_name", "address", "city", "postal_code", "state", "country"} {
		addon("contact_match/"+member, KindString)
	}
	return params
}

// telesignRules goes by the codes; the status counts where there is none.
func telesignRules() []Rule {
	return []Rule{
		{Status: []int{http.StatusOK}, Pointer: "/status/code", Equals: []string{"300", "301"}, Verdict: Answer},
		{Pointer: "/status/code", Equals: []string{"10008", "10013", "10015", "11005"}, Verdict: BadCredential},
		{Pointer: "/errors/0/code", Equals: []string{"-30015"}, Verdict: BadCredential},
		{
			Pointer: "/status/code", Equals: []string{"10014"}, Verdict: ProviderError,
			Hint: "the provider does not know the address that this request came from: allow it in the account",
		},
		{
			Pointer: "/errors/0/code", Equals: []string{"-10001"}, Verdict: ProviderError,
			Hint: "the provider does not know the address that this request came from: allow it in the account",
		},
		{Pointer: "/status/code", Equals: []string{"10012", "10020", "10030", "10033"}, Verdict: QuotaExceeded},
		{Pointer: "/errors/0/code", Equals: []string{"-40008"}, Verdict: QuotaExceeded},
		{Pointer: "/status/code", Equals: []string{"10019"}, Verdict: RateLimited},
		{Pointer: "/errors/0/code", Equals: []string{"-40007"}, Verdict: RateLimited}, // with status 400
		{Pointer: "/errors/0/code", Equals: []string{"-60001"}, Verdict: UnknownNumber},
		{
			Pointer: "/status/code", Verdict: BadRequest,
			// 10009 to 10011 come with status 401; 10032 and 10041 are numbers
			// that the provider will not look up.
			Equals: []string{"10009", "10010", "10011", "10032", "10041", "11000", "11001", "11003", "11010", "11011", "12000"},
		},
		{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
		{Status: []int{http.StatusOK}, Verdict: ProviderError},
	}
}

// telesignProblem uses the documented status codes where one fits; -90001 is
// the documented "system unavailable".
func telesignProblem(p Problem) any {
	type status struct {
		Code        int    `json:"code"`
		Description string `json:"description"`
	}
	s := status{-90001, p.Title + ": " + p.Detail}
	switch p.Reason {
	case ReasonUnauthenticated:
		s.Code = 10015
	case ReasonRateLimited, ReasonUpstreamBusy:
		s.Code = 10019
	case ReasonInvalidNumber:
		s.Code = 11000
	case ReasonUnknownNumber:
		s.Code = -60001
	}
	return struct {
		ReferenceID string   `json:"reference_id"`
		Status      status   `json:"status"`
		Errors      []status `json:"errors"`
		RequestID   string   `json:"request_id"`
	}{p.RequestID, s, []status{s}, p.RequestID}
}
