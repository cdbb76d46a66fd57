package demo

import (
	"net/http"
	"time"
)

// ctpRapidAPIHost is the name under which RapidAPI's gateway knows the API.
const ctpRapidAPIHost = "checkthatphone.p.rapidapi.com"

// RapidAPI's gateway stands before an older form of CheckThatPhone: the number
// in the query, and an answer without an envelope. The gateway's own errors are
// not documented there.
var _ = imitate("checkthatphone-rapidapi", protocol{
	credential: func(r *http.Request) string { return r.Header.Get("X-RapidAPI-Key") },
	answer: func(in inquiry) reply {
		switch {
		case in.Header.Get("X-RapidAPI-Host") != ctpRapidAPIHost:
			return gatewayError(http.StatusBadRequest, "Unknown API")
		case !in.accepted:
			return gatewayError(http.StatusUnauthorized, "Invalid API key")
		case in.URL.Path != "/api" || in.Method != http.MethodGet:
			return gatewayError(http.StatusNotFound, "Endpoint does not exist")
		}
		return ctpRapidAPILookup(in.URL.Query().Get("phone"), in.URL.Query().Get("ip"), in.now)
	},
	documented: map[string]reply{
		"rate_limit": gatewayError(http.StatusTooManyRequests, "Too many requests"),
		"upstream":   checkThatPhoneError(http.StatusBadGateway, "Upstream error", "carrier lookup failed"),
	},
})

func ctpRapidAPILookup(phone, ip string, now time.Time) reply {
	digits := ctpDigits(phone)
	if len(digits) != 10 && len(digits) != 11 {
		return checkThatPhoneError(http.StatusBadRequest, "Invalid request", "phone must be 10-11 digits")
	}
	data, _ := ctpLookup(digits, ctpRequest{IP: ip}, now)
	return jsonReply(http.StatusOK, data)
}
