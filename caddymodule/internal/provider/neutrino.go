package provider

import "net/http"

var _ = preset("neutrino", neutrino)

// Neutrino validates a number and names the network of its prefix.
//
// Facts: https://www.neutrinoapi.com/api/api-errors/ and the vendor's Node
// client, https://github.com/NeutrinoAPI/neutrino-api-client-node, with its
// list of error codes and its example of phone-validate. The credential is two
// headers. The client joins its base URL and the endpoint with a second slash.
// The same credential places calls, sends codes by SMS and asks networks
// (phone-verify, phone-playback, sms-verify, hlr-lookup): none of them is
// offered. The parameter ip is the subscriber's address, from which the provider
// would infer a country; a number is sent in full all the same. An error within
// a 200 is told by api-error as well. A sample of an answer was not found.
func neutrino() *Provider {
	return &Provider{
		Name:    "neutrino",
		BaseURL: "https://neutrinoapi.net",
		Hosts: map[string]string{
			"aws": "https://aws.neutrinoapi.net",
			"gcp": "https://gcp.neutrinoapi.net",
			"msa": "https://msa.neutrinoapi.net",
		},
		Operations: []Operation{{
			Name:    "phone-validate",
			Method:  http.MethodGet,
			Path:    "/phone-validate",
			Aliases: []string{"//phone-validate"},
			Number: &NumberSlot{
				In: InQuery, Name: "number", Format: FormatE164,
				BareInternational: true, RegionParam: "country-code",
			},
			Params: []Param{{Name: "ip", In: InQuery, Kind: KindIP, OptIn: true}},
			Fields: join(
				fields(Validity, "/valid", "/international-calling-code", "/international-number", "/local-number"),
				fields(LineType, "/type", "/is-mobile"),
				fields(Carrier, "/prefix-network"),
				fields(Location, "/country", "/country-code", "/country-code3", "/currency-code", "/location"),
			),
			Unified: neutrinoUnified(),
			// Whatever does not say whether the number is valid is no answer.
			Rules: []Rule{{
				Status: []int{http.StatusOK}, Pointer: "/valid", NotEquals: []string{"true", "false"},
				Verdict: ProviderError,
			}},
		}},
		Secrets:     []string{"user_id", "api_key"},
		Placements:  []Placement{{In: InHeader, Name: "User-ID"}, {In: InHeader, Name: "API-Key"}},
		CallerSlots: []Slot{{In: InHeader, Name: "API-Key"}},
		Rules:       neutrinoRules(),
		Problem:     neutrinoProblem,
	}
}

// The documented error codes that a lookup can meet, as a client reads them.
const (
	neutrinoInvalidParameter = 1
	neutrinoTooMany          = 6  // connections at once
	neutrinoAccessForbidden  = 43 // id or key
	neutrinoNoEndpoint       = 45
	neutrinoInternal         = 51
	neutrinoTimeout          = 63
)

func neutrinoRules() []Rule {
	const code = "/api-error"
	return []Rule{
		{Pointer: code, Equals: []string{"43"}, Verdict: BadCredential},
		{Pointer: code, Equals: []string{"2", "16", "19", "31"}, Verdict: QuotaExceeded},
		{
			Pointer: code, Equals: []string{"4"}, Verdict: QuotaExceeded,
			Hint: "the provider has banned the account or this address",
		},
		{
			Pointer: code, Equals: []string{"7", "10"}, Verdict: QuotaExceeded,
			Hint: "the provider's account is not verified or may not use this API",
		},
		{Pointer: code, Equals: []string{"6"}, Verdict: RateLimited},
		{Pointer: code, Equals: []string{"1"}, Verdict: BadRequest},
		{Pointer: code, Exists: true, NotEquals: []string{"0"}, Verdict: ProviderError},
		// A 403 without a code: the documentation calls it a failed authentication.
		{Status: []int{http.StatusForbidden}, Verdict: BadCredential},
	}
}

func neutrinoUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/international-number"},
		{To: UnifiedNational, From: "/local-number"},
		{UnifiedLineType, "/type", map[string]string{
			"mobile": "mobile", "fixed-line": "fixed_line", "premium-rate": "premium_rate",
			"toll-free": "toll_free", "voip": "voip", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/prefix-network"},
		{To: UnifiedCountry, From: "/country-code"},
		{To: UnifiedCountryName, From: "/country"},
		{To: UnifiedLocation, From: "/location"},
	}
}

// neutrinoProblem uses the documented codes; 51 is the internal error.
func neutrinoProblem(p Problem) any {
	code := neutrinoInternal
	switch p.Reason {
	case ReasonInvalidNumber, ReasonUnknownNumber, ReasonInvalidRequest, ReasonUpstreamRefused:
		code = neutrinoInvalidParameter
	case ReasonRateLimited:
		code = neutrinoTooMany
	case ReasonUnauthenticated:
		code = neutrinoAccessForbidden
	case ReasonUnknownOperation:
		code = neutrinoNoEndpoint
	case ReasonUpstreamTimeout:
		code = neutrinoTimeout
	}
	return struct {
		Code      int    `json:"api-error"`
		Message   string `json:"api-error-msg"`
		RequestID string `json:"request_id"`
	}{code, p.Title + ": " + p.Detail, p.RequestID}
}
