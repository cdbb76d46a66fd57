package provider

import "slices"

var (
	_ = preset("twilio-v2", twilioV2)
	_ = preset("twilio-v1", twilioV1)
)

// Twilio Lookup, versions 2 and 1, on one host.
//
// Facts: twilio/twilio-oai, spec/json/twilio_lookups_v2.json and
// twilio_lookups_v1.json; https://www.twilio.com/docs/lookup/v2-api,
// https://www.twilio.com/docs/lookup/v1-api,
// https://www.twilio.com/docs/lookup/using-lookup-with-twilio-regions and
// https://www.twilio.com/docs/api/errors. The same host and key serve routes
// that change state (Overrides, RateLimits, Jobs): they are not listed, and so
// not reachable. Not found: how many numbers a batch may hold (100 is chosen
// here), the prices of v2's packages (each counts as one unit), and the statuses
// of the errors 60614 and 60619. A plain lookup is free and counts as one unit
// all the same, so that limits on cost see it.

// twilioV2 answers an invalid number with 200 and "valid": false.
func twilioV2() *Provider {
	p := twilioFamily("twilio-v2", twilioV2Problem)
	p.Hosts = map[string]string{"ie1": "https://lookups.dublin.ie1.twilio.com"}
	p.Operations = []Operation{
		{
			Name:    "lookup",
			Method:  "GET",
			Path:    "/v2/PhoneNumbers/{number}",
			Number:  &NumberSlot{In: InPath, Format: FormatE164, RegionParam: "CountryCode"},
			Params:  twilioV2Params(),
			Fields:  append(twilioV2Fields(""), fields(Never, "/url")...),
			Unified: twilioV2Unified(),
			// What does not say whether the number is valid is no answer.
			Rules: []Rule{{Pointer: "/valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
		},
		{
			Name:   "batch",
			Method: "POST",
			Path:   "/v2/batch/query",
			Number: &NumberSlot{
				In: InJSON, Name: "/phone_numbers/*/phone_number", Format: FormatE164,
				RegionParam: "/phone_numbers/*/country_code", Max: 100,
			},
			Params:  twilioV2BatchParams(),
			Fields:  append(twilioV2Fields("/phone_numbers/*"), fields(Envelope, "/phone_numbers/*/correlation_id", "/phone_numbers/*/twilio_error_code")...),
			Each:    "/phone_numbers",
			Unified: twilioV2Unified(),
			Rules:   onlyWith("/phone_numbers"),
		},
	}
	return p
}

// twilioV1 answers an invalid number with 404. AddOns, which send the number to
// other companies, are not listed.
func twilioV1() *Provider {
	p := twilioFamily("twilio-v1", twilioV1Problem)
	p.Operations = []Operation{{
		Name:   "lookup",
		Method: "GET",
		Path:   "/v1/PhoneNumbers/{number}",
		Number: &NumberSlot{In: InPath, Format: FormatE164, RegionParam: "CountryCode"},
		Params: []Param{{
			Name: "Type", In: InQuery, Kind: KindString, Max: 2, OptIn: true,
			Values: []string{"carrier", "caller-name"},
			Costs:  map[string]int{"carrier": 1, "caller-name": 2}, // $0.005 and $0.01
		}},
		Fields:  twilioV1Fields(),
		Unified: twilioV1Unified(),
		Rules: append([]Rule{
			{Status: []int{404}, Pointer: "/code", Equals: []string{"20404"}, Verdict: UnknownNumber},
		}, onlyWith("/phone_number")...),
	}}
	return p
}

func twilioFamily(name string, problem func(Problem) any) *Provider {
	return &Provider{
		Name:    name,
		BaseURL: "https://lookups.twilio.com",
		// An API key's SID and secret do as well.
		Secrets:     []string{"account_sid", "auth_token"},
		Placements:  []Placement{{In: InBasic}},
		CallerSlots: []Slot{{In: InBasic}},
		Rules: []Rule{
			{Pointer: "/code", Equals: []string{"20003"}, Verdict: BadCredential},
			{Pointer: "/code", Equals: []string{"20429"}, Verdict: RateLimited},
			{
				Pointer: "/code", Equals: []string{"60614", "60619"}, Verdict: ProviderError,
				Hint: "the number has to be looked up in another Twilio region: set host, with an API key of that region",
			},
			{Status: []int{400}, Verdict: BadRequest},
		},
		DefaultRegion: "US", // the documented default is +1
		Problem:       problem,
	}
}

// onlyWith makes an answer without a value at the pointer an error.
func onlyWith(pointer string) []Rule {
	return []Rule{
		{Status: []int{200}, Pointer: pointer, Exists: true, Verdict: Answer},
		{Status: []int{200}, Verdict: ProviderError},
	}
}

// twilioPackages lists the paid packages that a batch can ask for.
func twilioPackages() []string {
	return []string{
		"caller_name", "sim_swap", "call_forwarding", "line_type_intelligence",
		"line_status", "identity_match", "reassigned_number", "sms_pumping_risk",
	}
}

func twilioV2Params() []Param {
	packages := append(twilioPackages(), "validation", "phone_number_quality_score", "pre_fill")
	params := []Param{{
		Name: "Fields", In: InQuery, Kind: KindString, Separator: ",", Values: packages, Max: len(packages),
		OptIn: true, Cost: 1, Costs: map[string]int{"validation": 0},
	}}
	// Who the number's user is said to be: personal data.
	for _, name := range []string{
		"FirstName", "LastName", "City", "State", "PostalCode", "NationalId", "DateOfBirth",
		"VerificationSid", "PartnerSubId",
	} {
		params = append(params, Param{Name: name, In: InQuery, Kind: KindString, OptIn: true})
	}
	return append(params,
		Param{Name: "AddressLine1", In: InQuery, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: "AddressLine2", In: InQuery, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: "AddressCountryCode", In: InQuery, Kind: KindRegion, OptIn: true},
		Param{Name: "LastVerifiedDate", In: InQuery, Kind: KindString, MaxLength: 8, OptIn: true},
	)
}

// twilioV2BatchParams are the same for each number of a batch, in its own words.
func twilioV2BatchParams() []Param {
	const each = "/phone_numbers/*"
	packages := twilioPackages()
	params := []Param{
		{Name: each + "/correlation_id", In: InJSON, Kind: KindString},
		{Name: each + "/fields/*", In: InJSON, Kind: KindString, Values: packages, Max: len(packages), OptIn: true, Cost: 1},
	}
	for _, name := range []string{
		"first_name", "last_name", "city", "state", "postal_code", "national_id", "date_of_birth",
	} {
		params = append(params, Param{Name: each + "/identity_match/" + name, In: InJSON, Kind: KindString, OptIn: true})
	}
	return append(params,
		Param{Name: each + "/identity_match/address_line1", In: InJSON, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: each + "/identity_match/address_line2", In: InJSON, Kind: KindString, MaxLength: 128, OptIn: true},
		Param{Name: each + "/identity_match/address_country_code", In: InJSON, Kind: KindRegion, OptIn: true},
		Param{Name: each + "/reassigned_number/last_verified_date", In: InJSON, Kind: KindString, MaxLength: 8, OptIn: true},
		Param{Name: each + "/sms_pumping_risk/partner_sub_id", In: InJSON, Kind: KindString, OptIn: true},
	)
}

func twilioV2Problem(p Problem) any { return twilioProblem(p, ReasonUnknownOperation) }

func twilioV1Problem(p Problem) any {
	return twilioProblem(p, ReasonUnknownOperation, ReasonInvalidNumber, ReasonUnknownNumber)
}

// twilioProblem uses the documented codes where one fits; elsewhere the code is
// the HTTP status. The vendor's clients hand details on as they are.
func twilioProblem(p Problem, notFound ...Reason) any {
	code := p.Status
	switch {
	case p.Reason == ReasonUnauthenticated:
		code = 20003
	case p.Reason == ReasonRateLimited:
		code = 20429
	case slices.Contains(notFound, p.Reason):
		code = 20404
	}
	type details struct {
		RequestID string `json:"request_id"`
	}
	return struct {
		Code    int     `json:"code"`
		Message string  `json:"message"`
		Status  int     `json:"status"`
		Details details `json:"details"`
	}{code, p.Title + ": " + p.Detail, p.Status, details{p.RequestID}}
}
