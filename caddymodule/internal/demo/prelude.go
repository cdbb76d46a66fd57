package demo

import (
	"net/http"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Prelude Lookup tells the networks of a number in the path; the owner's name
// where it is asked for. Which statuses its error codes come with is not
// documented.
var _ = imitate("prelude", protocol{
	credential: bearer,
	answer:     preludeAnswer,
	documented: map[string]reply{
		"balance":     preludeError(http.StatusBadRequest, "insufficient_balance", "Top up your account 1234.", ""),
		"suspended":   preludeError(http.StatusForbidden, "suspended_account", "Your account has been suspended.", ""),
		"unsupported": preludeError(http.StatusBadRequest, "unsupported_country", "This country is not supported.", "phone_number"),
		"internal":    preludeError(http.StatusInternalServerError, "internal", "An internal error occurred.", ""),
	},
})

func preludeError(status int, code, message, param string) reply {
	return jsonReply(status, map[string]any{"code": code, "message": message, "param": param})
}

func preludeAnswer(in inquiry) reply {
	number, ok := strings.CutPrefix(in.URL.Path, "/v2/lookup/")
	var types []string
	if list := in.URL.Query().Get("type"); list != "" {
		types = strings.Split(list, ",")
	}
	switch {
	case in.key == "":
		return preludeError(http.StatusUnauthorized, "missing_api_token", "The API token is missing.", "")
	case !in.accepted:
		return preludeError(http.StatusUnauthorized, "invalid_api_token", "The API token is invalid.", "")
	case !ok || strings.Contains(number, "/") || in.Method != http.MethodGet:
		return preludeError(http.StatusNotFound, "invalid_request", "There is no such resource.", "")
	case slices.ContainsFunc(types, func(name string) bool { return name != "cnam" }):
		return preludeError(http.StatusBadRequest, "invalid_request", "The type is unknown.", "type")
	}
	f := factsOf(number, "")
	if !f.valid || !strings.HasPrefix(number, "+") {
		return preludeError(http.StatusBadRequest, "invalid_phone_number", "The number must be in E.164 form.", "phone_number")
	}
	network := map[string]any{"carrier_name": f.carrier, "mcc": "208", "mnc": "10"}
	answer := map[string]any{
		"phone_number": f.e164, "country_code": f.region, "line_type": preludeLineType(f.kind),
		"flags": []string{}, "network_info": network, "original_network_info": network,
	}
	if len(types) > 0 {
		answer["caller_name"] = "JOHN SMITH"
	}
	return jsonReply(http.StatusOK, answer)
}

// preludeLineType names a type of number. What may be either is called mobile.
func preludeLineType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE:
		return "fixed_line"
	case phonenumbers.TOLL_FREE:
		return "toll_free"
	case phonenumbers.PREMIUM_RATE:
		return "premium_rate"
	case phonenumbers.SHARED_COST:
		return "shared_cost"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.PAGER:
		return "pager"
	case phonenumbers.UAN:
		return "universal_access"
	case phonenumbers.VOICEMAIL:
		return "voice_mail"
	case phonenumbers.PERSONAL_NUMBER:
		return "other"
	}
	return "unknown"
}
