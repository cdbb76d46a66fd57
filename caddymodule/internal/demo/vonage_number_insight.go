package demo

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Vonage Number Insight answers every request with status 200 and tells
// errors in the body. Each level answers more than the one before; all but the
// first hold prices and the balance of the account.
var _ = imitate("vonage-number-insight", protocol{
	verify: func(r *http.Request, body []byte, keys []string) (string, bool) {
		shown := basicPair(r)
		if values := niValues(r, body); values.Has("api_key") || values.Has("api_secret") {
			shown = values.Get("api_key") + ":" + values.Get("api_secret")
		}
		return shown, isKey(shown, keys)
	},
	answer: niAnswer,
	newKey: func() (string, error) { return randomHex(4) + ":" + randomHex(8), nil },
	documented: map[string]reply{
		"rate_limit":  niError(1, "Busy"),
		"quota":       niError(9, "Partner quota exceeded"),
		"not_allowed": niError(19, "Facility not allowed"),
		"unparseable": niError(999, "Request unparseable"),
	},
})

// niValues are the parameters, from the query or, with POST, from a form.
func niValues(r *http.Request, body []byte) url.Values {
	values := r.URL.Query()
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(body)); err == nil {
			maps.Copy(values, form)
		}
	}
	return values
}

func niError(status int, message string) reply {
	return jsonReply(http.StatusOK, map[string]any{"status": status, "status_message": message, "request_id": randomUUID()})
}

func niAnswer(in inquiry) reply {
	level, isJSON := strings.CutSuffix(strings.TrimPrefix(in.URL.Path, "/ni/"), "/json")
	known := level == "basic" || level == "standard" || level == "advanced"
	if !isJSON || !known || in.URL.Path != "/ni/"+level+"/json" {
		return jsonReply(http.StatusNotFound, map[string]any{}) // what the real one says here is not documented
	}
	values := niValues(in.Request, in.body)
	number := strings.NewReplacer("+", "", " ", "", "-", "", "(", "", ")", "").Replace(values.Get("number"))
	switch {
	case in.Method != http.MethodGet && in.Method != http.MethodPost:
		return jsonReply(http.StatusMethodNotAllowed, map[string]any{})
	case !in.accepted:
		return niError(4, "Invalid credentials")
	case !onlyDigits(number):
		return niError(3, "Invalid request :: missing or malformed number")
	}
	country := strings.ToUpper(values.Get("country"))
	if country == "" {
		number = "+" + number // without a country it is read as international
	}
	f := factsOf(number, country)
	if !f.valid {
		return niError(5, "Internal Error")
	}
	answer := niBasic(f)
	if level != "basic" {
		niStandard(answer, f, values.Get("cnam") == "true")
	}
	if level == "advanced" {
		niAdvanced(answer, f)
	}
	return jsonReply(http.StatusOK, answer)
}

func niBasic(f facts) map[string]any {
	return map[string]any{
		"status": 0, "status_message": "Success", "request_id": randomUUID(),
		"international_format_number": strings.TrimPrefix(f.e164, "+"),
		"national_format_number":      nationalFormat(f),
		"country_code":                f.region, "country_code_iso3": iso3(f.region), "country_name": f.country,
		"country_prefix": strings.TrimPrefix(f.code, "+"),
	}
}

// niStandard adds the carriers, and the owner's name where it is asked for and
// the number is of the US.
func niStandard(answer map[string]any, f facts, cnam bool) {
	kind := niNetworkType(f.kind)
	network := map[string]any{"network_code": nil, "name": nil, "country": f.region, "network_type": kind}
	if f.carrier != "" {
		network["network_code"], network["name"] = "12345", f.carrier
	}
	answer["request_price"], answer["refund_price"], answer["remaining_balance"] = "0.04000000", "0.00000000", "1.23456789"
	answer["current_carrier"], answer["original_carrier"], answer["ported"] = nil, network, "not_ported"
	if kind == "mobile" { // the current network is told of mobile numbers only
		answer["current_carrier"] = network
	}
	if cnam && f.region == "US" {
		answer["caller_identity"] = map[string]any{
			"caller_type": "consumer", "caller_name": "John Smith", "first_name": "John", "last_name": "Smith",
		}
	}
}

func niAdvanced(answer map[string]any, f facts) {
	answer["lookup_outcome"], answer["lookup_outcome_message"] = 0, "Success"
	answer["valid_number"], answer["reachable"] = "unknown", nil
	answer["roaming"] = "unknown"
	if niNetworkType(f.kind) == "mobile" {
		answer["valid_number"], answer["reachable"] = "valid", "reachable"
		answer["roaming"] = map[string]any{"status": "not_roaming"}
	}
}

// niNetworkType names a type of number. What may be either is called mobile.
func niNetworkType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE:
		return "landline"
	case phonenumbers.PREMIUM_RATE:
		return "landline_premium"
	case phonenumbers.TOLL_FREE:
		return "landline_tollfree"
	case phonenumbers.VOIP:
		return "virtual"
	case phonenumbers.PAGER:
		return "pager"
	}
	return "unknown"
}
