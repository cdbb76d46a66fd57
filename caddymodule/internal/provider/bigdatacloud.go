package provider

import "net/http"

var _ = preset("bigdatacloud", bigDataCloud)

// BigDataCloud validates numbers against the numbering plan.
//
// Facts: https://www.bigdatacloud.com/phone-email-verification and
// https://bigdatacloud.net/docs. Its prose promises the type of line and data
// about the country; their names were not found, so they are not released. Nor
// were errors and limits found: the status decides. The sibling that takes the
// country from an address, which would be Ringward's, is not offered.
func bigDataCloud() *Provider {
	return &Provider{
		Name:    "bigdatacloud",
		BaseURL: "https://api-bdc.net",
		Hosts:   map[string]string{"ipv4": "https://api.bigdatacloud.net"},
		Operations: []Operation{{
			Name:   "validate",
			Method: http.MethodGet,
			Path:   "/data/phone-number-validate",
			Number: &NumberSlot{In: InQuery, Name: "number", Format: FormatE164, RegionParam: "countryCode"},
			Params: []Param{{Name: "localityLanguage", In: InQuery, Kind: KindString, MaxLength: 8}},
			Fields: fields(Validity, "/isValid", "/e164Format", "/internationalFormat", "/nationalFormat"),
			Unified: []Mapping{
				{To: UnifiedValid, From: "/isValid"},
				{To: UnifiedE164, From: "/e164Format"},
				{To: UnifiedNational, From: "/nationalFormat"},
			},
			// Whatever does not say whether the number is valid is no answer.
			Rules: []Rule{{
				Status: []int{http.StatusOK}, Pointer: "/isValid", NotEquals: []string{"true", "false"}, Verdict: ProviderError,
			}},
		}},
		Placements:  []Placement{{In: InQuery, Name: "key"}},
		CallerSlots: []Slot{{In: InQuery, Name: "key"}},
		Problem:     GenericProblem,
	}
}
