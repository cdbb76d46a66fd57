package provider

var _ = preset("checkthatphone", checkThatPhone)

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
			Fields: checkThatPhoneFields(),
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
		Problem: func(p Problem) any {
			return struct {
				Error     string `json:"error"`
				Detail    string `json:"detail"`
				RequestID string `json:"request_id"`
			}{p.Title, p.Detail, p.RequestID}
		},
	}
}

func checkThatPhoneFields() []Field {
	return join(
		fields(Envelope, "/success"),
		fields(Never, "/credits_used"),
		fields(Validity, "/data/subscriber", "/data/deliverable"),
		fields(LineType, "/data/nanpType", "/data/dipCarrierType"),
		fields(Carrier, "/data/dipCarrier", "/data/dipCarrierSubType"),
		fields(Portability, "/data/dip", "/data/dipLrn", "/data/dipPorted", "/data/dipOcn"),
		fields(Location, "/data/geoCountry", "/data/geoState", "/data/geoCity", "/data/geoMetro",
			"/data/geoSource", "/data/timezone", "/data/tzOffset"),
		fields(Identity, "/data/litigator_name"),
		fields(Risk, "/data/blackList", "/data/deactivationDate", "/data/ipResult",
			"/data/litigator", "/data/litigator_type",
			"/data/dncStateChecked", "/data/dncStateResult", "/data/dncStateCovered",
			"/data/dncComplainerChecked", "/data/dncComplainerResult", "/data/dncOtherChecked"),
		fields(Messaging, "/data/action", "/data/reason", "/data/optDate",
			"/data/smsEligible", "/data/doNotSms",
			"/data/dipMessagingLookup", "/data/dipMessagingEnabled", "/data/dipMessagingProvider",
			"/data/dipMessagingRefId", "/data/dipMessagingCountryCode"),
	)
}
