package provider

import "net/http"

var _ = preset("trestle", trestle)

// Trestle tells about a phone, and, by an operation that has to be named, about
// the people behind it. Names of parameters and members hold dots.
//
// Facts: https://docs.trestleiq.com/api-reference/phone-validation-api, the
// reverse-phone-api page beside it, and https://trestle-api.redoc.ly. E.164 is
// the preferred form of a number; without it +1 is assumed. A 200 can be partial
// and then holds an error object; warnings are a text in older documentation
// and an array in the current one. How the price of litigator checks, or of a
// reverse lookup, compares was not found: the former counts one unit more, the
// latter is an operation that a route has to name. The reverse lookup's fields
// are those of its sample, which has no country of the phone itself. There
// industry is an array, in older documentation it is null; emails is one text,
// and an array is taken as well. activity_score rises with use: it is no score
// of a risk. Whether keys are echoed and what 403 means: not found.
func trestle() *Provider {
	phone := &NumberSlot{In: InQuery, Name: "phone", Format: FormatE164, RegionParam: "phone.country_hint"}
	return &Provider{
		Name:    "trestle",
		BaseURL: "https://api.trestleiq.com",
		Operations: []Operation{
			{
				Name:   "phone_intel",
				Method: http.MethodGet,
				Path:   "/3.0/phone_intel",
				Number: phone,
				Params: []Param{{
					Name: "add_ons", In: InQuery, Kind: KindString, Values: []string{"litigator_checks"}, OptIn: true, Cost: 1,
				}},
				Fields: join(
					trestlePhone(),
					fields(Location, "/country_code", "/country_name"),
					fields(Risk, "/activity_score", "/add_ons/litigator_checks/phone.is_litigator_risk"),
				),
				Unified: append(trestleUnified(),
					Mapping{To: UnifiedCountry, From: "/country_code"},
					Mapping{To: UnifiedCountryName, From: "/country_name"}),
				Rules: trestleRules(),
			},
			{
				Name:   "reverse_phone",
				Method: http.MethodGet,
				Path:   "/3.2/phone",
				OptIn:  true,
				Number: phone,
				Params: []Param{
					{Name: "phone.name_hint", In: InQuery, Kind: KindString, OptIn: true},
					{Name: "phone.postal_code_hint", In: InQuery, Kind: KindString, OptIn: true},
				},
				Fields: join(trestlePhone(), trestleOwners()),
				Unified: append(trestleUnified(),
					Mapping{To: UnifiedCallerName, From: "/owners/*/name"},                               // the first owner ranks highest
					Mapping{UnifiedCallerType, "/is_commercial", map[string]string{"true": "business"}}), // what false means was not found
				Rules: trestleRules(),
			},
		},
		Placements:  []Placement{{In: InHeader, Name: "x-api-key"}},
		CallerSlots: []Slot{{In: InHeader, Name: "x-api-key"}},
		Rules: []Rule{
			{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
		},
		Problem: func(p Problem) any {
			type detail struct {
				Name    string `json:"name"`
				Message string `json:"message"`
			}
			return struct {
				Error     detail `json:"error"`
				RequestID string `json:"request_id"`
			}{detail{string(p.Reason), p.Title + ": " + p.Detail}, p.RequestID}
		},
	}
}

// trestleRules: what does not say whether the number is valid is no answer.
func trestleRules() []Rule {
	return []Rule{{
		Status: []int{http.StatusOK}, Pointer: "/is_valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError,
	}}
}

func trestlePhone() []Field {
	return join(
		fields(Envelope, "/error/name"),
		fields(Never, "/id", "/error/message", "/warnings", "/warnings/*"),
		fields(Validity, "/phone_number", "/is_valid", "/country_calling_code"),
		fields(LineType, "/line_type"),
		fields(Carrier, "/carrier"),
		fields(Risk, "/is_prepaid"),
	)
}

// trestleOwners is all about people.
func trestleOwners() []Field {
	const (
		owner   = "/owners/*"
		address = owner + "/current_addresses/*"
		phone   = owner + "/alternate_phones/*"
	)
	return join(
		fields(Never, owner+"/id", address+"/id"),
		fields(Identity,
			"/is_commercial",
			owner+"/name", owner+"/firstname", owner+"/middlename", owner+"/lastname", owner+"/alternate_names/*",
			owner+"/age_range", owner+"/gender", owner+"/type", owner+"/link_to_phone_start_date",
			owner+"/industry", owner+"/industry/*",
			address+"/location_type", address+"/street_line_1", address+"/street_line_2", address+"/city",
			address+"/postal_code", address+"/zip4", address+"/state_code", address+"/country_code",
			address+"/lat_long/latitude", address+"/lat_long/longitude", address+"/lat_long/accuracy",
			address+"/delivery_point", address+"/link_to_person_start_date",
			phone+"/phone_number", phone+"/line_type",
			owner+"/emails", owner+"/emails/*"),
	)
}

func trestleUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/is_valid"},
		{To: UnifiedNational, From: "/phone_number"}, // digits as dialed there, not always E.164
		{UnifiedLineType, "/line_type", map[string]string{
			"Landline": "fixed_line", "Mobile": "mobile", "FixedVOIP": "voip", "NonFixedVOIP": "voip", "TollFree": "toll_free",
			"Premium": "premium_rate", "Voicemail": "voicemail", "Other": "other", "Unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/carrier"},
		{To: UnifiedPrepaid, From: "/is_prepaid"},
	}
}
