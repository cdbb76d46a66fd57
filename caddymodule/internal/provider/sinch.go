package provider

import "net/http"

var _ = preset("sinch", sinch)

// Sinch Number Lookup, version 2: one number a request, several features.
//
// Facts: https://developers.sinch.com/docs/number-lookup-api-v2/api-reference.md,
// its /getting-started.md and /errors.md, and the vendor's Node client
// @sinch/number-lookup v1.5.0. The project id in the path is the customer's.
// An error of a single feature stands inside a 200. 402 means a locked account,
// 403 a country, feature or use case that is not enabled; what 404 means was
// not found. How the prices of the features compare was not found: each but
// the line type counts one unit. Version 1 is another host with another
// credential and is not offered. The vendor's client fetches its own tokens:
// towards Ringward a client sends its caller key as the Bearer token, or as the
// password of HTTP Basic.
func sinch() *Provider {
	return &Provider{
		Name:    "sinch",
		BaseURL: "https://lookup.api.sinch.com",
		Account: []string{"project_id"},
		Operations: []Operation{{
			Name:   "lookup",
			Method: http.MethodPost,
			Path:   "/v2/projects/{project_id}/lookups",
			Number: &NumberSlot{In: InJSON, Name: "number", Format: FormatE164},
			Params: []Param{
				{
					Name: "/features/*", In: InJSON, Kind: KindString, Max: 4, OptIn: true,
					Values: []string{"LineType", "SimSwap", "VoIPDetection", "RND"},
					Costs:  map[string]int{"SimSwap": 1, "VoIPDetection": 1, "RND": 1},
				},
				// The day of the last contact with the subscriber; RND needs it.
				{Name: "/rndFeatureOptions/contactDate", In: InJSON, Kind: KindString, MaxLength: len("2006-01-02")},
			},
			Fields:  sinchFields(),
			Unified: sinchUnified(),
		}},
		Secrets:         []string{"key_id", "key_secret"},
		Placements:      []Placement{{In: InOAuth2, TokenURL: "https://auth.sinch.com/oauth2/token"}},
		OtherPlacements: map[string][]Placement{"basic": {{In: InBasic}}},
		CallerSlots:     []Slot{{In: InHeader, Name: "Authorization", Scheme: "Bearer"}, {In: InBasic}},
		Rules: []Rule{
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
			{
				Status: []int{http.StatusPaymentRequired}, Verdict: QuotaExceeded,
				Hint: "the provider's account is locked",
			},
			{
				Status: []int{http.StatusForbidden}, Verdict: QuotaExceeded,
				Hint: "the provider's project lacks the country, the feature or the declared use case",
			},
			{Status: []int{http.StatusOK}, Pointer: "/number", Exists: true, Verdict: Answer},
			{Status: []int{http.StatusOK}, Verdict: ProviderError},
		},
		ProblemType: "application/problem+json",
		Problem: func(p Problem) any {
			return struct {
				Type      string `json:"type"`
				Title     string `json:"title"`
				Status    int    `json:"status"`
				Detail    string `json:"detail"`
				TraceID   string `json:"traceId"`
				RequestID string `json:"request_id"`
			}{"about:blank", p.Title, p.Status, p.Detail, p.RequestID, p.RequestID}
		},
	}
}

func sinchFields() []Field {
	list := join(
		fields(Never, "/traceId"),
		fields(Validity, "/number"),
		fields(LineType, "/line/type", "/voIPDetection/probability"),
		fields(Carrier, "/line/carrier", "/line/mobileCountryCode", "/line/mobileNetworkCode"),
		fields(Portability, "/line/ported", "/line/portingDate"),
		fields(Location, "/countryCode"),
		fields(Risk, "/simSwap/swapped", "/simSwap/swapPeriod", "/rnd/disconnected"),
	)
	for _, feature := range []string{"/line", "/simSwap", "/voIPDetection", "/rnd"} {
		list = append(list, fields(Envelope, feature+"/error/status")...)
		list = append(list, fields(Never, feature+"/error/title", feature+"/error/detail", feature+"/error/type")...)
	}
	return list
}

func sinchUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/number"},
		{UnifiedLineType, "/line/type", map[string]string{
			"Landline": "fixed_line", "Mobile": "mobile", "VoIP": "voip", "Freephone": "toll_free", "Special": "other", "Other": "other",
		}},
		{To: UnifiedCarrier, From: "/line/carrier"},
		{To: UnifiedMCC, From: "/line/mobileCountryCode"},
		{To: UnifiedMNC, From: "/line/mobileNetworkCode"},
		{To: UnifiedPorted, From: "/line/ported"},
		{To: UnifiedPortedDate, From: "/line/portingDate"},
		{To: UnifiedCountry, From: "/countryCode"},
	}
}
