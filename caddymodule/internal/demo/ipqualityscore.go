package demo

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// IPQualityScore takes the key as a segment of the path, before the number, and
// tells most errors in an answer with status 200.
var _ = imitate("ipqualityscore", protocol{
	credential: func(r *http.Request) string {
		key, _, _ := ipqsPath(r)
		return key
	},
	answer: ipqsAnswer,
	documented: map[string]reply{
		"quota": ipqsError(http.StatusBadRequest,
			"You have insufficient credits to make this query. Please contact IPQualityScore support if this error persists."),
		"internal": ipqsError(http.StatusInternalServerError, "Internal error."),
	},
})

// ipqsPath takes /api/json/phone/KEY/NUMBER apart.
func ipqsPath(r *http.Request) (key, number string, ok bool) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/json/phone/")
	rawKey, rawNumber, both := strings.Cut(rest, "/")
	key, err1 := url.PathUnescape(rawKey)
	number, err2 := url.PathUnescape(rawNumber)
	if !ok || !both || err1 != nil || err2 != nil || strings.Contains(rawNumber, "/") {
		return "", "", false
	}
	return key, number, true
}

func ipqsError(status int, message string) reply {
	return jsonReply(status, map[string]any{"success": false, "message": message, "request_id": "4OTORR352FU0p"})
}

// ipqsValues are the parameters, from the query or, with POST, from a form.
func ipqsValues(in inquiry) url.Values {
	values := in.URL.Query()
	if in.Method == http.MethodPost {
		if form, err := url.ParseQuery(string(in.body)); err == nil {
			maps.Copy(values, form)
		}
	}
	return values
}

func ipqsAnswer(in inquiry) reply {
	_, phone, ok := ipqsPath(in.Request)
	switch {
	case strings.HasPrefix(in.URL.Path, "/api/json/phone/") && (!ok || !in.accepted):
		return ipqsError(http.StatusOK, "Invalid or unauthorized key. Please check the API key and try again.")
	case !ok || in.Method != http.MethodGet && in.Method != http.MethodPost:
		return ipqsError(http.StatusNotFound, "Not found.")
	}
	values := ipqsValues(in)
	digits := phonenumbers.NormalizeDigitsOnly(phone)
	f := factsOf("+"+digits, "")
	// A number that makes sense in one of the countries given is read as of it.
	for _, country := range values["country[]"] {
		if national := factsOf(digits, strings.ToUpper(country)); national.valid && national.region == strings.ToUpper(country) {
			f = national
			break
		}
	}
	return jsonReply(http.StatusOK, ipqsPhone(f, values))
}

// ipqsPhone is an answer. What is not known is written "N/A".
func ipqsPhone(f facts, values url.Values) map[string]any {
	known := func(text string) string {
		if text == "" {
			return "N/A"
		}
		return text
	}
	answer := map[string]any{
		"success": true, "message": "Success.", "request_id": "8ctDi1gwuP",
		"valid": f.valid, "formatted": known(f.e164), "local_format": known(nationalFormat(f)),
		"country": known(f.region), "region": known(f.location), "city": "N/A", "zip_code": "N/A", "timezone": known(f.zone),
		"dialing_code": nil, "carrier": known(f.carrier), "line_type": ipqsLineType(f.kind), "VOIP": f.kind == phonenumbers.VOIP,
		"mcc": "N/A", "mnc": "N/A", "name": "N/A", "sms_domain": "N/A", "sms_email": "N/A",
		"active": f.valid, "active_status": "N/A", "prepaid": false, "fraud_score": 0, "recent_abuse": false, "risky": false,
		"leaked": true, "do_not_call": false, "spammer": false, "user_activity": "Enterprise L4+ required.",
		"associated_email_addresses": map[string]any{"status": "No associated emails found.", "emails": []string{}},
	}
	if f.valid {
		answer["dialing_code"] = phonenumbers.GetCountryCodeForRegion(f.region)
	}
	if values.Get("enhanced_line_check") == "true" && f.valid {
		answer["active_status"] = "Active Line"
	}
	if values.Get("enhanced_name_check") == "true" && f.valid {
		answer["name"] = "JOHN SMITH"
	}
	return answer
}

// ipqsLineType names a type of number. What may be either is called wireless.
func ipqsLineType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "Wireless"
	case phonenumbers.FIXED_LINE:
		return "Landline"
	case phonenumbers.VOIP:
		return "VOIP"
	case phonenumbers.TOLL_FREE:
		return "Toll Free"
	case phonenumbers.PREMIUM_RATE:
		return "Premium Rate"
	case phonenumbers.PAGER:
		return "Pager"
	}
	return "N/A"
}
