package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumLookupAPI tells in every answer what is left of the quota.
var _ = imitate("numlookupapi", protocol{
	credential: func(r *http.Request) string {
		if key := r.Header.Get("apikey"); key != "" {
			return key
		}
		return r.URL.Query().Get("apikey")
	},
	answer: func(in inquiry) reply {
		answer := numLookupAPIAnswer(in)
		for name, value := range map[string]string{
			"X-RateLimit-Limit-Quota-Minute": "10", "X-RateLimit-Remaining-Quota-Minute": "9",
			"X-RateLimit-Limit-Quota-Month": "300", "X-RateLimit-Remaining-Quota-Month": "229",
		} {
			answer.header.Set(name, value)
		}
		return answer
	},
	documented: map[string]reply{
		"plan":       gatewayError(http.StatusForbidden, "You are not allowed to use this endpoint, please upgrade your plan"),
		"rate_limit": gatewayError(http.StatusTooManyRequests, "You have hit your rate limit or your monthly limit"),
		"internal":   gatewayError(http.StatusInternalServerError, "Internal server error"),
	},
})

// numLookupAPIFields are the documented ones, in their order.
type numLookupAPIFields struct {
	Valid               bool   `json:"valid"`
	Number              string `json:"number"`
	LocalFormat         string `json:"local_format"`
	InternationalFormat string `json:"international_format"`
	CountryPrefix       string `json:"country_prefix"`
	CountryCode         string `json:"country_code"`
	CountryName         string `json:"country_name"`
	Location            string `json:"location"`
	Carrier             string `json:"carrier"`
	LineType            string `json:"line_type"`
}

func numLookupAPIAnswer(in inquiry) reply {
	number, ok := strings.CutPrefix(in.URL.Path, "/v1/validate/")
	country := strings.ToUpper(in.URL.Query().Get("country_code"))
	switch {
	case in.key == "":
		return gatewayError(http.StatusUnauthorized, "No API key found in request")
	case !in.accepted:
		return gatewayError(http.StatusUnauthorized, "Invalid authentication credentials")
	case in.URL.Path == "/v1/status" && in.Method == http.MethodGet:
		return numLookupAPIStatus()
	case !ok || number == "" || strings.Contains(number, "/") || in.Method != http.MethodGet:
		return gatewayError(http.StatusNotFound, "The requested endpoint does not exist")
	case country != "" && phonenumbers.GetCountryCodeForRegion(country) == 0:
		return gatewayError(http.StatusUnprocessableEntity, "The selected country_code is invalid")
	case country == "" && onlyDigits(number):
		number = "+" + number // without a country it is read as international
	}
	answer := numLookupAPIFields{Number: strings.TrimPrefix(number, "+")}
	if f := factsOf(number, country); f.valid {
		answer = numLookupAPIFields{
			Valid: true, Number: strings.TrimPrefix(f.e164, "+"), LocalFormat: f.local, InternationalFormat: f.e164,
			CountryPrefix: f.code, CountryCode: f.region, CountryName: f.country, Location: f.location, Carrier: f.carrier,
		}
		if kind := numverifyLineType(f.kind); kind != nil {
			answer.LineType = *kind
		}
	}
	return jsonReply(http.StatusOK, answer)
}

// numLookupAPIStatus tells about the account, which no caller should see.
func numLookupAPIStatus() reply {
	none := map[string]int{"total": 0, "used": 0, "remaining": 0}
	return jsonReply(http.StatusOK, map[string]any{
		"account_id": 313373133731337,
		"quotas":     map[string]any{"month": map[string]int{"total": 300, "used": 72, "remaining": 229}, "grace": none},
	})
}
