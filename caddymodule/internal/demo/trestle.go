package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Trestle answers about a phone at one path and about its people at another.
// Its statuses are documented, but not which of them a missing or a wrong key
// gets, nor the body of an error: those here are made up.
var _ = imitate("trestle", protocol{
	credential: func(r *http.Request) string { return r.Header.Get("x-api-key") },
	answer: func(in inquiry) reply {
		switch {
		case in.key == "":
			return trestleError(http.StatusForbidden, "Forbidden", "Missing API key")
		case !in.accepted:
			return trestleError(http.StatusUnauthorized, "Unauthorized", "Invalid API key")
		case in.Method != http.MethodGet || (in.URL.Path != "/3.0/phone_intel" && in.URL.Path != "/3.2/phone"):
			return trestleError(http.StatusNotFound, "NotFound", "No such resource")
		case in.URL.Query().Get("phone") == "":
			return trestleError(http.StatusBadRequest, "BadRequest", "phone is missing")
		}
		return jsonReply(http.StatusOK, trestleAnswer(in))
	},
	documented: map[string]reply{
		"rate_limit": trestleError(http.StatusTooManyRequests, "TooManyRequests", "Rate limit exceeded"),
		"internal":   trestleError(http.StatusInternalServerError, "InternalError", "Something went wrong"),
		"partial":    trestleError(http.StatusOK, "InternalError", "Could not retrieve entire response"),
	},
})

func trestleError(status int, name, message string) reply {
	return jsonReply(status, map[string]any{"error": map[string]string{"name": name, "message": message}})
}

// trestleAnswer reads a number without plus sign as one of the hinted country,
// or else of the US.
func trestleAnswer(in inquiry) map[string]any {
	query := in.URL.Query()
	number := query.Get("phone")
	country := strings.ToUpper(query.Get("phone.country_hint"))
	if country == "" {
		country = "US"
	}
	f := factsOf(number, country)
	answer := map[string]any{
		"id": "Phone." + randomUUID(), "phone_number": number, "is_valid": f.valid, "error": nil, "warnings": []string{},
		"country_calling_code": strings.TrimPrefix(f.code, "+"),
		"line_type":            trestleLineType(f.kind), "carrier": f.carrier, "is_prepaid": false,
	}
	if f.valid {
		answer["phone_number"] = f.local
		if f.region != "US" {
			answer["phone_number"] = f.e164
		}
	}
	if in.URL.Path == "/3.2/phone" {
		answer["is_commercial"], answer["owners"] = false, []any{trestleOwner(f)}
		return answer
	}
	answer["activity_score"], answer["country_code"], answer["country_name"] = 57, f.region, f.country
	if query.Get("add_ons") == "litigator_checks" {
		answer["add_ons"] = map[string]any{"litigator_checks": map[string]any{"phone.is_litigator_risk": false}}
	}
	return answer
}

// trestleOwner makes a person up who lives where the number belongs.
func trestleOwner(f facts) map[string]any {
	return map[string]any{
		"id": "Person." + randomUUID(), "type": "Person", "industry": []string{"Retail"},
		"name": "Jo Q Doe", "firstname": "Jo", "middlename": "Q", "lastname": "Doe", "alternate_names": []string{"J Doe"},
		"age_range": "30-40", "gender": "Female", "link_to_phone_start_date": "2018-05-08",
		"current_addresses": []any{map[string]any{
			"id": "Location." + randomUUID(), "location_type": "Address",
			"street_line_1": "1 Main St", "street_line_2": "Ste 2", "city": f.location, "state_code": "CA",
			"postal_code": "94945", "zip4": "94945-1234", "country_code": f.region,
			"lat_long":       map[string]any{"latitude": 38.1, "longitude": -122.5, "accuracy": "Neighborhood"},
			"delivery_point": "SingleUnit", "link_to_person_start_date": "2011-10-05",
		}},
		"alternate_phones": []any{map[string]any{"phone_number": "4155550123", "line_type": "Mobile"}},
		"emails":           "jo@example.com",
	}
}

func trestleLineType(kind phonenumbers.PhoneNumberType) any {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "Landline"
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "Mobile"
	case phonenumbers.VOIP:
		return "NonFixedVOIP"
	case phonenumbers.TOLL_FREE:
		return "TollFree"
	case phonenumbers.PREMIUM_RATE:
		return "Premium"
	case phonenumbers.UNKNOWN:
		return nil
	default:
		return "Other"
	}
}
