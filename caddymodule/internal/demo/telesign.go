package demo

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Telesign Phone ID takes HTTP Basic or a signature of the request. Its codes
// stand in the body.
var _ = imitateEach("telesign", func(now clock) protocol {
	nonces := &telesignNonces{seen: map[string]time.Time{}}
	return protocol{
		verify: func(r *http.Request, body []byte, keys []string) (string, bool) {
			if shown := authorization(r, "TSA"); shown != "" {
				return shown, nonces.signed(r, body, keys, now())
			}
			pair := basicPair(r)
			return pair, isKey(pair, keys)
		},
		answer: telesignAnswer,
		newKey: func() (string, error) {
			return strings.ToUpper(randomUUID()) + ":" + base64.StdEncoding.EncodeToString([]byte(randomHex(32))), nil
		},
		documented: map[string]reply{
			"rate_limit":          telesignError(http.StatusTooManyRequests, 10019, "Rate Limit Exceeded"),
			"rate_limit_in_a_400": telesignErrors(http.StatusBadRequest, -40007, "Rate limit exceeded"),
			"hard_cap":            telesignError(http.StatusTooManyRequests, 10020, "PhoneId Standard exceeded transaction hard cap. Request denied."),
			"wallet":              telesignError(http.StatusPaymentRequired, 10030, "Insufficient funds in prepaid wallet"),
			"not_enabled":         telesignError(http.StatusUnauthorized, 10012, "This feature is not enabled for this CustomerID"),
			"source_address":      telesignErrors(http.StatusBadRequest, -10001, "Not Allowed Host"),
			"no_data":             telesignErrors(http.StatusOK, -60001, "PhoneID Live Data Not Found"),
			"not_attempted":       telesignError(http.StatusInternalServerError, -90001, "Transaction not attempted"),
			"unavailable":         telesignError(http.StatusServiceUnavailable, -10000, "System unavailable. Please try again later."),
		},
	}
})

// telesignError is the newer shape of errors.
func telesignError(status, code int, description string) reply {
	return jsonReply(status, map[string]any{
		"reference_id": strings.ToUpper(randomHex(16)), "external_id": nil,
		"status": map[string]any{"updated_on": "2024-02-01T00:33:34.860418Z", "code": code, "description": description},
	})
}

// telesignErrors is the older shape, with a list.
func telesignErrors(status, code int, description string) reply {
	return jsonReply(status, map[string]any{
		"reference_id": strings.ToUpper(randomHex(16)), "external_id": nil,
		"errors": []map[string]any{{"code": code, "description": description}},
	})
}

// telesignRequest is the body of a request; it may be empty where the number
// stands in the path.
type telesignRequest struct {
	PhoneNumber string                    `json:"phone_number"`
	ExternalID  *string                   `json:"external_id"`
	Addons      map[string]map[string]any `json:"addons"`
}

func telesignAnswer(in inquiry) reply {
	number, inPath := strings.CutPrefix(in.URL.Path, "/v1/phoneid/")
	if !inPath && in.URL.Path != "/v1/phoneid" || strings.Contains(number, "/") && inPath {
		return telesignErrors(http.StatusNotFound, -40004, "Resource not found")
	}
	switch {
	case in.Method != http.MethodPost:
		return telesignErrors(http.StatusMethodNotAllowed, -40005, "Method not allowed")
	case !in.accepted && authorization(in.Request, "TSA") != "":
		return telesignError(http.StatusUnauthorized, 10008, "Invalid signature")
	case !in.accepted:
		return telesignErrors(http.StatusUnauthorized, -30015, "Invalid API Key.")
	}
	var asked telesignRequest
	if len(in.body) > 0 && json.Unmarshal(in.body, &asked) != nil {
		return telesignError(http.StatusBadRequest, 11000, "Invalid request")
	}
	if !inPath {
		number = asked.PhoneNumber
	}
	f := factsOf("+"+number, "")
	switch {
	case number == "":
		return telesignError(http.StatusBadRequest, 12000, "Missing required parameter phone_number")
	case !onlyDigits(number) || !f.valid:
		return telesignError(http.StatusBadRequest, 11000, "Invalid value for parameter phone_number")
	}
	answer := telesignFacts(f, in.now)
	answer["external_id"] = asked.ExternalID
	for name := range asked.Addons {
		answer[name] = telesignAddon(name)
	}
	return jsonReply(http.StatusOK, answer)
}

// telesignFacts answers what every request gets.
func telesignFacts(f facts, now time.Time) map[string]any {
	code := strings.TrimPrefix(f.code, "+")
	national := strings.TrimPrefix(f.e164, f.code)
	cleansed := map[string]any{
		"cleansed_code": 100, "country_code": code, "phone_number": national,
		"min_length": len(national), "max_length": len(national),
	}
	city, state := ctpPlace(f.location)
	return map[string]any{
		"reference_id": strings.ToUpper(randomHex(16)),
		"phone_type":   telesignPhoneType(f.kind),
		"blocklisting": map[string]any{"block_code": 0, "block_description": "Not blocked", "blocked": false},
		"status": map[string]any{
			"code": 300, "description": "Transaction successfully completed",
			"updated_on": now.UTC().Format("2006-01-02T15:04:05.000000Z"),
		},
		"numbering": map[string]any{
			"original":  map[string]any{"phone_number": national, "complete_phone_number": code + national, "country_code": code},
			"cleansing": map[string]any{"call": cleansed, "sms": cleansed},
		},
		"location": map[string]any{
			"city": city, "county": nil, "state": state, "zip": nil, "metro_code": "",
			"country":     map[string]any{"iso2": f.region, "iso3": iso3(f.region), "name": f.country},
			"time_zone":   map[string]any{"name": f.zone, "utc_offset_min": nil, "utc_offset_max": nil},
			"coordinates": map[string]any{"latitude": nil, "longitude": nil},
		},
		"carrier": map[string]any{"carrier_id": 0, "name": f.carrier, "mcc": "310", "mnc": "120"},
	}
}

// telesignPhoneType names a type of number. Of the vendor's types only these
// two were found.
func telesignPhoneType(kind phonenumbers.PhoneNumberType) map[string]any {
	if kind == phonenumbers.MOBILE || kind == phonenumbers.FIXED_LINE_OR_MOBILE {
		return map[string]any{"code": "2", "description": "MOBILE"}
	}
	return map[string]any{"code": "1", "description": "FIXED_LINE"}
}

// telesignAddon answers an add-on with made-up values; one that is not enabled
// says so.
func telesignAddon(name string) map[string]any {
	var addon map[string]any
	switch name {
	case "contact":
		addon = map[string]any{
			"first_name": "MYLA", "last_name": "JONES", "address1": "2432 CHIMNEY POINT LN", "city": "LEXINGTON",
			"state_province": "KY", "zip_postal_code": "40509", "country": "US", "email_address": "owner@person.example",
		}
	case "contact_match":
		addon = map[string]any{"address_score": 100, "first_name_score": 100, "last_name_score": 100}
	case "porting_status":
		addon = map[string]any{"mcc_current": "310", "mnc_current": "120", "ported": false}
	case "sim_swap":
		addon = map[string]any{"swap_date": nil, "swap_time": nil, "risk_indicator": "1"}
	case "subscriber_status":
		addon = map[string]any{"account_type": "individual", "account_status": "active", "contract_type": "postpaid"}
	default:
		return map[string]any{"status": map[string]any{"code": 2806, "description": name + " add-on is not enabled."}}
	}
	addon["status"] = map[string]any{"code": 2800, "description": "Request successfully completed"}
	return addon
}
