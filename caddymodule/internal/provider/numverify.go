package provider

var (
	_ = preset("numverify", numverify)
	_ = preset("numverify-net", numverifyNet)
	_ = preset("numverify-marketplace", numverifyMarketplace)
)

// Numverify (apilayer) answers on three hosts with the same fields.
//
// Facts: https://numverify.com/documentation, https://docs.apilayer.com/numverify
// and public clients. Errors come with status 200 or 400 depending on host and
// time, so they are classified by their body. The text in error.info can hold
// account data and is never passed on. HTTPS on the free plan is refused with
// error 105; Ringward has no plaintext upstream. A sample of the country list
// was not found: its fields are those that public clients read.

// numverify is the legacy host.
func numverify() *Provider {
	p := numverifyFamily("numverify", "https://apilayer.net", "/api/validate")
	p.Operations = append(p.Operations, Operation{
		Name:   "countries",
		Method: "GET",
		Path:   "/api/countries",
		// A public list: it says nothing about a number.
		Fields: fields(Envelope, "/*/country_name", "/*/dialling_code"),
	})
	return p
}

// numverifyNet is the host of the newest documentation.
func numverifyNet() *Provider {
	return numverifyFamily("numverify-net", "https://api.apilayer.net", "/numverify/validate")
}

// numverifyMarketplace is the apilayer marketplace, which takes the key in a header.
func numverifyMarketplace() *Provider {
	p := numverifyFamily("numverify-marketplace", "https://api.apilayer.com", "/number_verification/validate")
	p.Placements = []Placement{{In: InHeader, Name: "apikey"}}
	p.CallerSlots = []Slot{{In: InHeader, Name: "apikey"}, {In: InQuery, Name: "apikey"}}
	p.Problem = func(p Problem) any {
		return struct {
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
		}{p.Title + ": " + p.Detail, p.RequestID}
	}
	return p
}

func numverifyFamily(name, baseURL, path string) *Provider {
	return &Provider{
		Name:    name,
		BaseURL: baseURL,
		Operations: []Operation{{
			Name:   "validate",
			Method: "GET",
			Path:   path,
			Number: &NumberSlot{
				In: InQuery, Name: "number", Format: FormatDigits,
				BareInternational: true, RegionParam: "country_code",
			},
			// format=1 asks for pretty printing; the answer is encoded anew anyway.
			Params: []Param{{Name: "format", In: InQuery, Kind: KindInteger, Values: []string{"0", "1"}, Consumed: true}},
			Fields: join(
				fields(Validity, "/valid", "/number", "/local_format", "/international_format", "/country_prefix"),
				fields(LineType, "/line_type"),
				fields(Carrier, "/carrier"),
				fields(Location, "/country_code", "/country_name", "/location"),
			),
			Unified: numverifyUnified(),
			// Whatever does not say whether the number is valid is no answer.
			Rules: []Rule{{Pointer: "/valid", NotEquals: []string{"true", "false"}, Verdict: ProviderError}},
		}},
		Placements:  []Placement{{In: InQuery, Name: "access_key"}},
		CallerSlots: []Slot{{In: InQuery, Name: "access_key"}},
		Rules:       numverifyRules(),
		Problem:     numverifyProblem,
	}
}

func numverifyUnified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/international_format"},
		{To: UnifiedNational, From: "/local_format"},
		{UnifiedLineType, "/line_type", map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "toll_free": "toll_free",
			"premium_rate": "premium_rate", "voip": "voip", "paging": "pager",
		}},
		{To: UnifiedCarrier, From: "/carrier"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCountryName, From: "/country_name"},
		{To: UnifiedLocation, From: "/location"},
	}
}

func numverifyRules() []Rule {
	return []Rule{
		{Pointer: "/error/type", Equals: []string{"invalid_access_key", "missing_access_key", "inactive_user"}, Verdict: BadCredential},
		{Pointer: "/error/code", Equals: []string{"101"}, Verdict: BadCredential},
		{Pointer: "/error/type", Equals: []string{"usage_limit_reached"}, Verdict: QuotaExceeded},
		{Pointer: "/error/type", Equals: []string{"rate_limit_reached"}, Verdict: RateLimited},
		{Pointer: "/error/code", Equals: []string{"106"}, Verdict: RateLimited},
		{
			Pointer: "/error/code", Equals: []string{"105"}, Verdict: ProviderError,
			Hint: "the provider's plan does not include HTTPS: upgrade it, Ringward never sends a key in plaintext",
		},
		{
			Pointer: "/error/type", Verdict: BadRequest,
			Equals: []string{"no_phone_number_provided", "non_numeric_phone_number_provided", "invalid_country_code"},
		},
		{Pointer: "/error/code", Equals: []string{"210", "211"}, Verdict: BadRequest},
		{Pointer: "/success", Equals: []string{"false"}, Verdict: ProviderError},
		{Pointer: "/error", Exists: true, Verdict: ProviderError},
		// The marketplace's gateway and error pages.
		{Status: []int{200}, Pointer: "/message", Exists: true, Verdict: ProviderError},
	}
}

// numverifyProblem uses the documented codes where one fits; elsewhere the
// code is the HTTP status, as the documented 404 is.
func numverifyProblem(p Problem) any {
	type detail struct {
		Code int    `json:"code"`
		Type string `json:"type"`
		Info string `json:"info"`
	}
	d := detail{Code: p.Status, Type: string(p.Reason), Info: p.Title + ": " + p.Detail}
	switch p.Reason {
	case ReasonUnauthenticated:
		d.Code, d.Type = 101, "invalid_access_key"
	case ReasonRateLimited:
		d.Code, d.Type = 106, "rate_limit_reached"
	}
	return struct {
		Success   bool   `json:"success"`
		Error     detail `json:"error"`
		RequestID string `json:"request_id"`
	}{false, d, p.RequestID}
}
