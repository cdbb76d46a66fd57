package provider

import "net/http"

var _ = preset("infobip", infobip)

// Infobip Number Lookup: a batch of mobile numbers, asked of their networks.
//
// Facts: the vendor's OpenAPI file v3.210.0 and
// https://www.infobip.com/docs/number-lookup/number-lookup-over-api. Every
// account has a base URL of its own beside the shared host: give it with
// `upstream`. The file allows 1000 numbers a request. The asynchronous lookup,
// which posts its result to a URL of the caller's choice, the log of past
// lookups and XML are not offered. Of the documented ways to authenticate,
// HTTP Basic and OAuth2 take two secrets where this preset has one, and are
// left out. IMSI and serving exchange tell of a person's SIM card and place.
func infobip() *Provider {
	return &Provider{
		Name:    "infobip",
		BaseURL: "https://api.infobip.com",
		Operations: []Operation{{
			Name:    "query",
			Method:  http.MethodPost,
			Path:    "/number/1/query",
			Number:  &NumberSlot{In: InJSON, Name: "/to/*", Format: FormatDigits, BareInternational: true, Max: 1000},
			Each:    "/results",
			Fields:  infobipFields(),
			Unified: infobipUnified(),
		}},
		Placements: []Placement{{In: InHeader, Name: "Authorization", Scheme: "App"}},
		// A session's token, which ends when it is not used for a while.
		OtherPlacements: map[string][]Placement{"ibsso": {{In: InHeader, Name: "Authorization", Scheme: "IBSSO"}}},
		CallerSlots:     []Slot{{In: InHeader, Name: "Authorization", Scheme: "App"}},
		Rules: []Rule{
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
			{
				Status: []int{http.StatusForbidden}, Verdict: QuotaExceeded,
				Hint: "the provider's key may not do this: it needs the scope number-lookup:send or number-lookup:manage",
			},
			// Whatever has no results, or something else in their place, is no answer.
			{Status: []int{http.StatusOK}, Pointer: "/results", NotEquals: []string{""}, Verdict: ProviderError},
		},
		Problem: infobipProblem,
	}
}

func infobipFields() []Field {
	const each = "/results/*"
	network := func(class Class, name string) []Field {
		at := each + "/" + name
		return fields(class, at+"/networkName", at+"/networkPrefix", at+"/networkId")
	}
	return join(
		fields(Never, "/bulkId", each+"/imsi", each+"/servingMSC",
			each+"/status/description", each+"/status/action", each+"/error/description"),
		// Group 0 means that the lookup worked; which error it was tells about
		// the line.
		fields(Envelope, each+"/error/groupId", each+"/error/groupName"),
		fields(Validity, each+"/to", each+"/originalNetwork/countryPrefix", each+"/portedNetwork/countryPrefix"),
		fields(Carrier, each+"/mccMnc"),
		fields(Portability, each+"/ported"),
		fields(Location, each+"/originalNetwork/countryName", each+"/portedNetwork/countryName"),
		fields(Risk, each+"/roaming", each+"/roamingNetwork/countryName", each+"/roamingNetwork/countryPrefix",
			each+"/status/groupId", each+"/status/groupName", each+"/status/id", each+"/status/name",
			each+"/error/id", each+"/error/name", each+"/error/permanent"),
		network(Portability, "originalNetwork"),
		network(Carrier, "portedNetwork"),
		network(Risk, "roamingNetwork"),
	)
}

// infobipUnified knows the carrier of ported numbers only: of others the
// provider tells the original network.
func infobipUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/to"},
		{To: UnifiedCarrier, From: "/portedNetwork/networkName"},
		{To: UnifiedPorted, From: "/ported"},
		{To: UnifiedOriginalCarrier, From: "/originalNetwork/networkName"},
		{To: UnifiedCountryName, From: "/portedNetwork/countryName"},
		{To: UnifiedCountryName, From: "/originalNetwork/countryName"},
		{UnifiedActive, "/status/groupName", map[string]string{"DELIVERED": "true"}},
		{To: UnifiedRoaming, From: "/roaming"},
	}
}

func infobipProblem(p Problem) any {
	id := "GENERAL_ERROR"
	switch p.Reason {
	case ReasonUnauthenticated:
		id = "UNAUTHORIZED"
	case ReasonForbidden, ReasonNumberNotAllowed:
		id = "FORBIDDEN"
	case ReasonRateLimited, ReasonUpstreamBusy:
		id = "TOO_MANY_REQUESTS"
	case ReasonInvalidNumber, ReasonInvalidRequest, ReasonUnknownNumber, ReasonUpstreamRefused:
		id = "BAD_REQUEST"
	}
	type exception struct {
		MessageID string `json:"messageId"`
		Text      string `json:"text"`
	}
	type requestError struct {
		ServiceException exception `json:"serviceException"`
	}
	return struct {
		RequestError requestError `json:"requestError"`
		RequestID    string       `json:"request_id"`
	}{requestError{exception{id, p.Title + ": " + p.Detail}}, p.RequestID}
}
