package demo

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Vonage Identity Insights answers the insights that a request names, each
// with a status of its own. Its clients show a token that they have signed
// themselves.
var _ = imitateEach("vonage-identity-insights", func(now clock) protocol {
	return protocol{
		verify: func(r *http.Request, _ []byte, keys []string) (string, bool) {
			token := bearer(r)
			return token, vonageTokenGood(token, keys, now())
		},
		answer: iiAnswer,
		newKey: newVonageKey,
		documented: map[string]reply{
			"rate_limit":  iiError(http.StatusTooManyRequests, "rate-limit", "Rate Limited", "You have exceeded your rate limit."),
			"internal":    iiError(http.StatusInternalServerError, "internal-error", "Internal error", "An unexpected error has occurred"),
			"unavailable": iiError(http.StatusServiceUnavailable, "service-unavailable", "Service unavailable", "Failed to invoke upstream service"),
		},
	}
})

// iiProblem is RFC 9457 as this vendor writes it.
type iiProblem struct {
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	InstanceID string        `json:"instance_id"`
	Detail     string        `json:"detail"`
	Invalid    []iiParameter `json:"invalid_parameters,omitempty"`
}

type iiParameter struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func iiError(status int, kind, title, detail string, invalid ...iiParameter) reply {
	answer := jsonReply(status, iiProblem{"https://developer.vonage.com/api-errors#" + kind, title, randomUUID(), detail, invalid})
	answer.header.Set("Content-Type", "application/problem+json")
	return answer
}

func iiInvalid(name, reason string) reply {
	return iiError(http.StatusUnprocessableEntity, "validation", "Bad Request",
		"The request failed due to validation errors", iiParameter{name, reason})
}

// iiRequest is the body of a request.
type iiRequest struct {
	PhoneNumber string                    `json:"phone_number"`
	Insights    map[string]map[string]any `json:"insights"`
}

func iiAnswer(in inquiry) reply {
	switch {
	case in.URL.Path != "/identity-insights/v1/requests":
		return jsonReply(http.StatusNotFound, map[string]any{}) // what the real one says here is not documented
	case in.Method != http.MethodPost:
		return iiError(http.StatusMethodNotAllowed, "method-not-allowed", "Method Not Allowed", "Request method not supported.")
	case !in.accepted:
		return iiError(http.StatusUnauthorized, "unauthorized", "Unauthorized", "You did not provide correct credentials")
	case !strings.HasPrefix(in.Header.Get("Content-Type"), "application/json"):
		return iiError(http.StatusUnsupportedMediaType, "content-type-header", "Invalid Content-Type header",
			"Invalid Content-Type header provided. Must be one of the following: application/json")
	}
	var asked iiRequest
	if json.Unmarshal(in.body, &asked) != nil {
		return iiError(http.StatusBadRequest, "invalid-json", "Malformed JSON", "Malformed JSON payload")
	}
	digits := phonenumbers.NormalizeDigitsOnly(asked.PhoneNumber)
	switch {
	case digits == "":
		return iiInvalid("phone_number", "must not be null")
	case len(asked.Insights) == 0:
		return iiInvalid("insights", "must not be empty")
	}
	f := factsOf("+"+digits, "")
	insights := map[string]any{}
	for name, options := range asked.Insights {
		insight, ok := iiInsight(name, f, options, in.now)
		if !ok {
			return iiInvalid("insights."+name, "is not supported")
		}
		insights[name] = insight
	}
	return jsonReply(http.StatusOK, map[string]any{"request_id": randomUUID(), "insights": insights})
}

// iiInsight answers one insight.
func iiInsight(name string, f facts, options map[string]any, now time.Time) (insight map[string]any, known bool) {
	mobile := f.kind == phonenumbers.MOBILE || f.kind == phonenumbers.FIXED_LINE_OR_MOBILE
	longAgo := now.AddDate(-1, 0, 0).UTC().Format("2006-01-02T15:04:05.000Z")
	switch name {
	case "format":
		insight = iiFormat(f)
	case "current_carrier", "original_carrier":
		insight = map[string]any{"name": f.carrier, "network_type": iiNetworkType(f.kind), "country_code": f.region, "network_code": "12345"}
	case "sim_swap":
		insight = map[string]any{"latest_sim_swap_at": longAgo, "is_swapped": false}
	case "device_swap":
		insight = map[string]any{"latest_device_swap_at": longAgo, "is_swapped": false}
	case "roaming":
		insight = map[string]any{"latest_status_at": longAgo, "is_roaming": false, "country_codes": []string{f.region}}
	case "reachability":
		insight = map[string]any{"latest_status_at": longAgo, "is_reachable": true, "connectivity": []string{"DATA", "SMS"}}
	case "subscriber_match":
		insight = map[string]any{}
		for member := range options {
			insight[member+"_match"] = "EXACT"
		}
	default:
		return nil, false
	}
	status := map[string]string{"code": "OK", "message": "Success"}
	switch {
	case !f.valid:
		status = map[string]string{"code": "INVALID_NUMBER_FORMAT", "message": "The phone number format is not valid"}
	case !mobile && name != "format" && name != "original_carrier":
		status = map[string]string{"code": "UNSUPPORTED_NETWORK_TYPE", "message": "The network type is not supported"}
	}
	if status["code"] != "OK" && name != "format" {
		insight = map[string]any{}
	}
	insight["status"] = status
	return insight, true
}

func iiFormat(f facts) map[string]any {
	if !f.valid {
		return map[string]any{"is_format_valid": false, "time_zones": []string{"unknown"}}
	}
	place := f.location
	if place == "" {
		place = f.country
	}
	return map[string]any{
		"country_code": f.region, "country_name": f.country, "country_prefix": strings.TrimPrefix(f.code, "+"),
		"offline_location": place, "time_zones": []string{f.zone},
		"number_international": f.e164, "number_national": nationalFormat(f), "is_format_valid": true,
	}
}

func iiNetworkType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "LANDLINE"
	case phonenumbers.TOLL_FREE:
		return "TOLLFREE"
	case phonenumbers.PREMIUM_RATE:
		return "PREMIUM"
	case phonenumbers.VOIP:
		return "VIRTUAL"
	}
	return "MOBILE"
}
