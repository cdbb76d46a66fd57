package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// AbstractAPI has two phone products on hosts of their own. Both answer a
// request without a number with 204 and nothing else.
var (
	_ = imitate("abstract-validation", abstractProtocol(abstractValidation))
	_ = imitate("abstract-intelligence", abstractProtocol(abstractIntelligence))
)

// abstractProtocol is what both products share. answer gets the number as it
// was asked, in digits, and what is known about it.
func abstractProtocol(answer func(digits string, f facts) map[string]any) protocol {
	return protocol{
		credential: queryKey("api_key"),
		answer: func(in inquiry) reply {
			query := in.URL.Query()
			phone, country := query.Get("phone"), strings.ToUpper(query.Get("country"))
			digits := phonenumbers.NormalizeDigitsOnly(phone)
			switch {
			case in.URL.Path != "/v1/" || in.Method != http.MethodGet:
				return abstractError(http.StatusNotFound, "not_found", "Not found.")
			case !in.accepted:
				return abstractError(http.StatusUnauthorized, "unauthorized", "Invalid API key provided.")
			case phone == "":
				return reply{status: http.StatusNoContent}
			case digits == "" || country != "" && phonenumbers.GetCountryCodeForRegion(country) == 0:
				return abstractError(http.StatusUnprocessableEntity, "validation_error", "A parameter is malformed.")
			}
			number := digits
			if country == "" || strings.HasPrefix(phone, "+") {
				number = "+" + digits // without a country it is read as international
			}
			return jsonReply(http.StatusOK, answer(digits, factsOf(number, country)))
		},
		// One status for both: nothing else tells them apart.
		documented: map[string]reply{
			"rate_limit": abstractError(http.StatusTooManyRequests, "too_many_requests", "3 requests per second are allowed on your plan."),
			"quota":      abstractError(http.StatusTooManyRequests, "quota_reached", "Your monthly quota of 100 requests is used up."),
		},
	}
}

func abstractError(status int, code, message string) reply {
	return jsonReply(status, map[string]any{
		"error": map[string]any{"message": message, "code": code, "details": nil},
	})
}

// abstractValidation is an answer of Phone Validation.
func abstractValidation(digits string, f facts) map[string]any {
	return map[string]any{
		"phone": digits, "valid": f.valid,
		"format":   map[string]any{"international": f.e164, "local": nationalFormat(f)},
		"country":  map[string]any{"code": f.region, "name": f.country, "prefix": f.code},
		"location": f.location, "type": abstractType(f.kind), "carrier": f.carrier,
	}
}

// abstractIntelligence is an answer of Phone Intelligence.
func abstractIntelligence(digits string, f facts) map[string]any {
	status, lineType := "inactive", "Unknown"
	if f.valid {
		status = "active"
	}
	if abstractType(f.kind) == "mobile" {
		lineType = "Wireless" // the only type that is documented
	}
	return map[string]any{
		"phone_number":  digits,
		"phone_format":  map[string]any{"international": f.e164, "national": nationalFormat(f)},
		"phone_carrier": map[string]any{"name": f.carrier, "line_type": lineType, "mcc": "310", "mnc": "160"},
		"phone_location": map[string]any{
			"country_name": f.country, "country_code": f.region, "country_prefix": f.code,
			"region": f.location, "city": "", "timezone": f.zone,
		},
		"phone_messaging": map[string]any{"sms_domain": "tmomail.net", "sms_email": digits + "@tmomail.net"},
		"phone_validation": map[string]any{
			"is_valid": f.valid, "line_status": status, "is_voip": f.kind == phonenumbers.VOIP, "minimum_age": nil,
		},
		"phone_registration": map[string]any{"name": "John Smith", "type": "consumer"},
		"phone_risk":         map[string]any{"risk_level": "low", "is_disposable": false, "is_abuse_detected": false},
		"phone_breaches": map[string]any{
			"total_breaches": 1, "date_first_breached": "2018-07-23", "date_last_breached": "2018-07-23",
			"breached_domains": []any{map[string]any{"domain": "shop.example", "breach_date": "2018-07-23"}},
		},
	}
}

// abstractType names a type of number. What may be either is called mobile.
func abstractType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE:
		return "landline"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.TOLL_FREE:
		return "toll_free"
	case phonenumbers.PERSONAL_NUMBER:
		return "personal"
	case phonenumbers.PAGER:
		return "pager"
	}
	return "unknown"
}
