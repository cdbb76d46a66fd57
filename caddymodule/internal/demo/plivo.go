package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Plivo Lookup tells format, country and carrier of a number in the path. Every
// answer names the request, and a URI of it at the provider.
var _ = imitate("plivo", protocol{
	credential: basicPair,
	answer:     plivoAnswer,
	newKey:     func() (string, error) { return "MA" + randomHex(9) + ":" + randomHex(20), nil },
	// Codes other than that of an unknown number are not documented.
	documented: map[string]reply{
		"rate_limit": plivoError(http.StatusTooManyRequests, http.StatusTooManyRequests, "too many requests"),
		"internal":   plivoError(http.StatusInternalServerError, http.StatusInternalServerError, "internal error"),
	},
})

func plivoError(status, code int, message string) reply {
	return jsonReply(status, map[string]any{"api_id": randomUUID(), "error_code": code, "message": message})
}

func plivoAnswer(in inquiry) reply {
	number, ok := strings.CutPrefix(in.URL.Path, "/v1/Number/")
	kind := in.URL.Query().Get("type")
	switch {
	case !in.accepted:
		return plivoError(http.StatusUnauthorized, http.StatusUnauthorized, "authentication failed")
	case !ok || number == "" || strings.Contains(number, "/") || in.Method != http.MethodGet:
		return plivoError(http.StatusNotFound, http.StatusNotFound, "no such resource")
	case kind != "" && kind != "carrier":
		return plivoError(http.StatusBadRequest, http.StatusBadRequest, "type must be carrier")
	}
	f := factsOf(number, "")
	if !f.valid {
		return plivoError(http.StatusNotFound, 20404, "the number does not exist")
	}
	parsed, _ := phonenumbers.Parse(f.e164, "") // factsOf has parsed it
	return jsonReply(http.StatusOK, map[string]any{
		"api_id":       randomUUID(),
		"phone_number": f.e164,
		"country":      map[string]any{"name": f.country, "iso2": f.region, "iso3": iso3(f.region)},
		"format": map[string]any{
			"e164": f.e164, "national": nationalFormat(f),
			"international": phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL),
			"rfc3966":       phonenumbers.Format(parsed, phonenumbers.RFC3966),
		},
		"carrier": map[string]any{
			"mobile_country_code": "310", "mobile_network_code": "160", "name": f.carrier,
			"type": plivoType(f.kind), "ported": "unknown",
		},
		"resource_uri": "/v1/Number/" + f.e164 + "?type=carrier",
	})
}

// plivoType names a type of number. What may be either is called mobile.
func plivoType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE:
		return "fixed"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.TOLL_FREE:
		return "toll-free"
	}
	return "unknown"
}
