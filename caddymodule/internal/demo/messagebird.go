package demo

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// MessageBird Lookup answers about a number, which it writes as a number, and
// about the latest HLR lookup of it. Its error codes are not documented.
var _ = imitate("messagebird", protocol{
	credential: func(r *http.Request) string { return authorization(r, "AccessKey") },
	answer:     messageBirdAnswer,
	documented: map[string]reply{
		"rate_limit": messageBirdError(http.StatusTooManyRequests, 429, "Too many requests", ""),
		"internal":   messageBirdError(http.StatusInternalServerError, 500, "Internal error", ""),
	},
})

func messageBirdError(status, code int, description, parameter string) reply {
	fault := map[string]any{"code": code, "description": description, "parameter": nil}
	if parameter != "" {
		fault["parameter"] = parameter
	}
	return jsonReply(status, map[string]any{"errors": []any{fault}})
}

func messageBirdAnswer(in inquiry) reply {
	rest, ok := strings.CutPrefix(in.URL.Path, "/lookup/")
	number, isHLR := strings.CutSuffix(rest, "/hlr")
	asks := in.Method == http.MethodPost && isHLR
	switch {
	case !in.accepted:
		return messageBirdError(http.StatusUnauthorized, 401, "Request not allowed", "accesskey")
	case !ok || strings.Contains(number, "/") || in.Method != http.MethodGet && !asks:
		return messageBirdError(http.StatusNotFound, 404, "Not found", "")
	}
	country := in.URL.Query().Get("countryCode")
	var body struct{ CountryCode, Reference string }
	if asks && len(in.body) > 0 {
		if json.Unmarshal(in.body, &body) != nil {
			return messageBirdError(http.StatusBadRequest, 400, "The body is not JSON", "")
		}
		country = body.CountryCode
	}
	if country == "" {
		number = "+" + number // without a country it is read as international
	}
	f := factsOf(number, strings.ToUpper(country))
	switch {
	case !f.valid:
		return messageBirdError(http.StatusBadRequest, 400, "The number is not valid", "phoneNumber")
	case asks:
		return jsonReply(http.StatusCreated, messageBirdHLR(f, "sent", body.Reference, in.now))
	case isHLR:
		return jsonReply(http.StatusOK, messageBirdHLR(f, "active", "reference2000", in.now))
	}
	return jsonReply(http.StatusOK, messageBirdLookup(f, in.now))
}

func messageBirdLookup(f facts, now time.Time) map[string]any {
	parsed, _ := phonenumbers.Parse(f.e164, "") // factsOf has parsed it
	prefix, _ := strconv.Atoi(f.code[1:])
	return map[string]any{
		"href":          "https://rest.messagebird.com/lookup/" + f.e164[1:],
		"countryCode":   f.region,
		"countryPrefix": prefix,
		"phoneNumber":   json.Number(f.e164[1:]),
		"type":          messageBirdType(f.kind),
		"formats": map[string]any{
			"e164": f.e164, "national": nationalFormat(f),
			"international": phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL),
			"rfc3966":       phonenumbers.Format(parsed, phonenumbers.RFC3966),
		},
		"hlr": messageBirdHLR(f, "active", "reference2000", now),
	}
}

// messageBirdHLR is what a number's network said.
func messageBirdHLR(f facts, status, reference string, now time.Time) map[string]any {
	created := now.UTC().Truncate(time.Second)
	hlr := map[string]any{
		"id": randomHex(16), "network": 20416, "reference": reference, "status": status,
		"createdDatetime": created.Format(time.RFC3339), "statusDatetime": created.Add(time.Second).Format(time.RFC3339),
	}
	if status == "active" {
		hlr["details"] = map[string]any{
			"status_desc": "active", "imsi": "204160123456789", "location_msc": "316540", "location_iso": "nl",
			"country_iso": f.region, "country_name": f.country, "ported": 1, "roaming": 0,
		}
	}
	return hlr
}

// messageBirdType names a type of number.
func messageBirdType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "fixed line"
	case phonenumbers.MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return "fixed line or mobile"
	case phonenumbers.TOLL_FREE:
		return "toll free"
	case phonenumbers.PREMIUM_RATE:
		return "premium rate"
	case phonenumbers.SHARED_COST:
		return "shared cost"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.PERSONAL_NUMBER:
		return "personal number"
	case phonenumbers.PAGER:
		return "pager"
	case phonenumbers.UAN:
		return "universal access number"
	case phonenumbers.VOICEMAIL:
		return "voice mail"
	}
	return "unknown"
}
