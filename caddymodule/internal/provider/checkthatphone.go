package provider

import "net/http"

var (
	_ = preset("checkthatphone", checkThatPhone)
	_ = preset("checkthatphone-rapidapi", checkThatPhoneRapidAPI)
)

// CheckThatPhone looks up US and Canadian numbers.
//
// Facts: https://checkthatphone.com/docs and the vendor's Node and Python
// clients, v0.2.0. The documented endpoint is POST /v1/lookup; articles that
// name /v1/validate are served by `path` or `alias` in the config. No complete
// sample of an answer was found: the field list is that of the Node client's
// types. Whether the API echoes keys, redirects or sends Retry-After: not found.
func checkThatPhone() *Provider {
	return &Provider{
		Name:    "checkthatphone",
		BaseURL: "https://api.checkthatphone.com",
		Operations: []Operation{{
			Name:   "lookup",
			Method: "POST",
			Path:   "/v1/lookup",
			Number: &NumberSlot{In: InJSON, Name: "phone", Format: FormatNational},
			Params: []Param{
				{Name: "ip", In: InJSON, Kind: KindIP, OptIn: true}, // the subscriber's address: personal data
				{Name: "litigatorFilter", In: InJSON, Kind: KindBoolean, OptIn: true, Cost: 1},
				{Name: "landlineSmsLookup", In: InJSON, Kind: KindBoolean, OptIn: true, Cost: 1},
				{Name: "dncState", In: InJSON, Kind: KindBoolean},
				{Name: "dncComplainer", In: InJSON, Kind: KindBoolean},
				{Name: "dncOther", In: InJSON, Kind: KindBoolean},
			},
			Fields:  checkThatPhoneFields("/data"),
			Unified: checkThatPhoneUnified("/data"),
		}},
		Placements:  []Placement{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		CallerSlots: []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}},
		Rules: []Rule{
			{Status: []int{400}, Verdict: BadRequest},
			{Status: []int{401}, Verdict: BadCredential},
			{Status: []int{402}, Verdict: QuotaExceeded},
			{Status: []int{429}, Verdict: RateLimited},
			// The envelope documents a boolean; an answer without a true one is no answer.
			{Pointer: "/success", NotEquals: []string{"true"}, Verdict: ProviderError},
		},
		Regions:       []string{"US", "CA"},
		DefaultRegion: "US",
		Problem:       checkThatPhoneProblem,
	}
}

// checkThatPhoneRapidAPI is the same API behind RapidAPI's gateway, in an older
// form: a GET, and an answer without an envelope.
//
// Facts: an older copy of https://checkthatphone.com/docs. Of its sample only
// the beginning was found; the fields after it are taken to be those of the API
// itself. The gateway's own errors were not found: their statuses count.
func checkThatPhoneRapidAPI() *Provider {
	p := checkThatPhone()
	p.Name = "checkthatphone-rapidapi"
	p.BaseURL = "https://checkthatphone.p.rapidapi.com"
	p.Headers = map[string]string{"X-RapidAPI-Host": "checkthatphone.p.rapidapi.com"}
	p.Operations = []Operation{{
		Name:    "lookup",
		Method:  http.MethodGet,
		Path:    "/api",
		Number:  &NumberSlot{In: InQuery, Name: "phone", Format: FormatNational},
		Params:  []Param{{Name: "ip", In: InQuery, Kind: KindIP, OptIn: true}}, // the subscriber's address: personal data
		Fields:  checkThatPhoneFields(""),
		Unified: checkThatPhoneUnified(""),
		Rules:   onlyWith("/nanpType"),
	}}
	p.Placements = []Placement{{In: InHeader, Name: "X-RapidAPI-Key"}}
	p.CallerSlots = []Slot{{In: InHeader, Name: "X-RapidAPI-Key"}}
	p.Rules = []Rule{{Status: []int{http.StatusBadRequest}, Verdict: BadRequest}}
	return p
}

func checkThatPhoneProblem(p Problem) any {
	return struct {
		Error     string `json:"error"`
		Detail    string `json:"detail"`
		RequestID string `json:"request_id"`
	}{p.Title, p.Detail, p.RequestID}
}

// checkThatPhoneFields are those of an answer whose data stand at the pointer.
func checkThatPhoneFields(at string) []Field {
	list := join(
		fields(Validity, "/subscriber", "/deliverable"),
		fields(LineType, "/nanpType", "/dipCarrierType"),
		fields(Carrier, "/dipCarrier", "/dipCarrierSubType", "/dipOcn"),
		fields(Portability, "/dip", "/dipLrn", "/dipPorted"),
		fields(Location, "/geoCountry", "/geoState", "/geoCity", "/geoMetro",
			"/geoSource", "/timezone", "/tzOffset"),
		fields(Identity, "/litigator_name"),
		fields(Risk, "/blackList", "/deactivationDate", "/ipResult",
			"/litigator", "/litigator_type",
			"/dncStateChecked", "/dncStateResult", "/dncStateCovered",
			"/dncComplainerChecked", "/dncComplainerResult", "/dncOtherChecked"),
		fields(Messaging, "/action", "/reason", "/optDate",
			"/smsEligible", "/doNotSms",
			"/dipMessagingLookup", "/dipMessagingEnabled", "/dipMessagingProvider",
			"/dipMessagingRefId", "/dipMessagingCountryCode"),
	)
	for i := range list {
		list[i].Pointer = at + list[i].Pointer
	}
	if at == "" {
		return list
	}
	return join(fields(Envelope, "/success"), fields(Never, "/credits_used"), list)
}

// checkThatPhoneUnified tells validity by "deliverable": of all fields it comes
// nearest. Booleans are texts here.
func checkThatPhoneUnified(at string) []Mapping {
	boolean := map[string]string{"true": "true", "false": "false"}
	return []Mapping{
		{UnifiedValid, at + "/deliverable", boolean},
		{UnifiedLineType, at + "/nanpType", map[string]string{"mobile": "mobile", "landline": "fixed_line"}},
		{To: UnifiedCarrier, From: at + "/dipCarrier"},
		{UnifiedPorted, at + "/dipPorted", boolean},
		{To: UnifiedCountry, From: at + "/geoCountry"},
		{To: UnifiedLocation, From: at + "/geoState"},
		{To: UnifiedCity, From: at + "/geoCity"},
		{To: UnifiedTimeZone, From: at + "/timezone"},
		{UnifiedSMS, at + "/smsEligible", boolean},
	}
}
