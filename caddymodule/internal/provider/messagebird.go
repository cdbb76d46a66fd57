package provider

import (
	"net/http"
	"slices"
)

var _ = preset("messagebird", messageBird)

// MessageBird Lookup, and the HLR lookup that asks a number's network.
//
// Facts: the vendor's clients messagebird 4.0.1 (Node) and go-rest-api, with
// the latter's test data. The Node client's host stands in its code: point it
// here with an agent or a hosts file. `hlr` reads the latest HLR lookup of a
// number, `hlr-request` pays for a new one; the result comes later and is read.
// The number is digits without "+", and a number in the answer. Not found:
// error codes, prices, quota headers, and the lookup's path on Bird, the
// successor. `reference`, a free text that the provider stores, is not offered,
// nor is a POST of the plain lookup, which only one client sends.
func messageBird() *Provider {
	number := &NumberSlot{
		In: InPath, Format: FormatDigits,
		BareInternational: true, RegionParam: "countryCode",
	}
	hlr := Operation{
		Method: http.MethodGet, Path: "/lookup/{number}/hlr", OptIn: true, Number: number,
		Fields: messageBirdHLRFields(""), Unified: messageBirdHLRUnified(""), Rules: onlyWith("/status"),
	}
	hlr.Name = "hlr"
	request := hlr
	request.Name, request.Method = "hlr-request", http.MethodPost
	// The clients name the region in the body here. The number has its full
	// form by then, so that it tells nothing.
	request.Params = []Param{{Name: "countryCode", In: InJSON, Kind: KindRegion, Consumed: true}}
	request.Rules = []Rule{
		{Status: []int{http.StatusOK, http.StatusCreated}, Pointer: "/status", Exists: true, Verdict: Answer},
		{Status: []int{http.StatusOK, http.StatusCreated}, Verdict: ProviderError},
	}
	return &Provider{
		Name:    "messagebird",
		BaseURL: "https://rest.messagebird.com",
		Operations: []Operation{
			{
				Name:    "lookup",
				Method:  http.MethodGet,
				Path:    "/lookup/{number}",
				Number:  number,
				Fields:  messageBirdFields(),
				Unified: messageBirdUnified(),
				Rules:   onlyWith("/phoneNumber"),
			},
			hlr,
			request,
		},
		Placements:  []Placement{{In: InHeader, Name: "Authorization", Scheme: "AccessKey"}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "AccessKey"}},
		Rules: []Rule{
			{Status: []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, Verdict: BadRequest},
			{Pointer: "/errors", Exists: true, Status: []int{http.StatusOK}, Verdict: ProviderError},
		},
		Problem: messageBirdProblem,
	}
}

func messageBirdFields() []Field {
	return join(
		fields(Never, "/href"),
		fields(Validity, "/phoneNumber", "/countryPrefix",
			"/formats/e164", "/formats/international", "/formats/national", "/formats/rfc3966"),
		fields(LineType, "/type"),
		fields(Location, "/countryCode"),
		messageBirdHLRFields("/hlr"), // the latest one, where there is one
	)
}

// messageBirdHLRFields are those of an HLR lookup at the pointer.
func messageBirdHLRFields(at string) []Field {
	details := at + "/details"
	return join(
		fields(Never, at+"/id", at+"/href", at+"/reference",
			details+"/status_desc", details+"/imsi", details+"/location_msc"),
		fields(Validity, at+"/msisdn"),
		fields(Carrier, at+"/network"),
		fields(Portability, details+"/ported"),
		fields(Location, details+"/country_iso", details+"/country_name"),
		fields(Risk, at+"/status", at+"/createdDatetime", at+"/statusDatetime",
			details+"/roaming", details+"/location_iso"), // where the phone is now
	)
}

func messageBirdUnified() []Mapping {
	return slices.Concat(
		[]Mapping{
			{To: UnifiedE164, From: "/formats/e164"},
			{To: UnifiedNational, From: "/formats/national"},
			{UnifiedLineType, "/type", map[string]string{
				"fixed line": "fixed_line", "mobile": "mobile", "fixed line or mobile": "fixed_or_mobile",
				"toll free": "toll_free", "premium rate": "premium_rate", "shared cost": "shared_cost", "voip": "voip",
				"personal number": "personal", "pager": "pager", "universal access number": "uan",
				"voice mail": "voicemail", "unknown": "unknown",
			}},
			{To: UnifiedCountry, From: "/countryCode"},
		},
		messageBirdHLRUnified("/hlr"),
	)
}

// messageBirdHLRUnified is of an HLR lookup at the pointer. That a number is
// not ported or roaming is told in the same way as that it is not known.
func messageBirdHLRUnified(at string) []Mapping {
	yes := map[string]string{"1": "true"}
	return []Mapping{
		{UnifiedPorted, at + "/details/ported", yes},
		{UnifiedActive, at + "/status", map[string]string{"active": "true"}},
		{UnifiedRoaming, at + "/details/roaming", yes},
	}
}

// messageBirdProblem has a code of Ringward's: the vendor's were not found.
func messageBirdProblem(p Problem) any {
	type fault struct {
		Code        int     `json:"code"`
		Description string  `json:"description"`
		Parameter   *string `json:"parameter"`
	}
	return struct {
		Errors    []fault `json:"errors"`
		RequestID string  `json:"request_id"`
	}{[]fault{{Code: p.Status, Description: p.Title + ": " + p.Detail}}, p.RequestID}
}
