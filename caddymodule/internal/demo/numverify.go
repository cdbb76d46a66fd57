package demo

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Numverify is one API behind three doors: the legacy host, the marketplace
// and the newer apilayer host. They differ in path, credential and statuses.

var _ = imitate("numverify", protocol{
	credential: queryKey("access_key"),
	answer: func(in inquiry) reply {
		switch {
		case in.Method != http.MethodGet:
			return numverifyError(http.StatusMethodNotAllowed, numverifyNoFunction)
		case in.key == "":
			return numverifyError(http.StatusOK, numverifyMissingKey)
		case !in.accepted:
			return numverifyError(http.StatusOK, numverifyBadKey)
		case in.URL.Path == "/api/validate":
			return numverifyValidate(in, http.StatusOK)
		case in.URL.Path == "/api/countries":
			return numverifyForm(in, jsonReply(http.StatusOK, numverifyCountries()))
		}
		return numverifyError(http.StatusOK, numverifyNoFunction)
	},
	documented: numverifyDocumented,
})

// numverifyNet answers faulty input with status 400, a bad key with 200.
var _ = imitate("numverify-net", protocol{
	credential: queryKey("access_key"),
	answer: func(in inquiry) reply {
		switch {
		case in.URL.Path != "/numverify/validate":
			return numverifyError(http.StatusNotFound, numverifyNotFound)
		case in.Method != http.MethodGet:
			return numverifyError(http.StatusMethodNotAllowed, numverifyNoFunction)
		case in.key == "":
			return numverifyError(http.StatusOK, numverifyMissingKey)
		case !in.accepted:
			return numverifyError(http.StatusOK, numverifyBadKey)
		}
		return numverifyValidate(in, http.StatusBadRequest)
	},
	documented: numverifyDocumented,
})

// numverifyMarketplace stands behind a gateway, which checks the key and
// answers in its own shape.
var _ = imitate("numverify-marketplace", protocol{
	credential: func(r *http.Request) string {
		if key := r.Header.Get("apikey"); key != "" {
			return key
		}
		return r.URL.Query().Get("apikey")
	},
	answer: func(in inquiry) reply {
		switch {
		case in.key == "":
			return gatewayError(http.StatusUnauthorized, "No API key found in request")
		case !in.accepted:
			return gatewayError(http.StatusUnauthorized, "Invalid authentication credentials")
		case in.URL.Path != "/number_verification/validate" || in.Method != http.MethodGet:
			return gatewayError(http.StatusNotFound, "no Route matched with those values")
		}
		return numverifyValidate(in, http.StatusOK)
	},
	documented: map[string]reply{
		"rate_limit": gatewayError(http.StatusTooManyRequests, "API rate limit exceeded"),
	},
})

func queryKey(name string) func(*http.Request) string {
	return func(r *http.Request) string { return r.URL.Query().Get(name) }
}

func gatewayError(status int, message string) reply {
	return jsonReply(status, map[string]string{"message": message})
}

// numverifyProblem is the error object of Numverify.
type numverifyProblem struct {
	Code int    `json:"code"`
	Type string `json:"type"`
	Info string `json:"info"`
}

// The [Technical Support: ...] note may carry an address of the account.
const (
	numverifySupport = " [Technical Support: support@apilayer.com]"
	numverifyAccount = " [Technical Support: owner@account.example]"
	numverifyExample = " [Example: 14158586273]"
)

var (
	numverifyMissingKey = numverifyProblem{101, "missing_access_key", "You have not supplied an API Access Key. [Required format: access_key=YOUR_ACCESS_KEY]"}
	numverifyBadKey     = numverifyProblem{101, "invalid_access_key", "You have not supplied a valid API Access Key." + numverifySupport}
	numverifyNoFunction = numverifyProblem{103, "invalid_api_function", "This API Function does not exist."}
	numverifyNotFound   = numverifyProblem{404, "404_not_found", "User requested a resource which does not exist." + numverifySupport}
	numverifyNoNumber   = numverifyProblem{210, "no_phone_number_provided", "Please specify a phone number." + numverifyExample}
	numverifyNotNumeric = numverifyProblem{211, "non_numeric_phone_number_provided", "Please specify a numeric phone number." + numverifyExample}
	numverifyBadCountry = numverifyProblem{310, "invalid_country_code", "You have specified an invalid Country Code. [Required format: 2-letter code (ISO Alpha-2)] [Example: US]"}
	numverifyDocumented = map[string]reply{
		"inactive_user":       numverifyError(http.StatusOK, numverifyProblem{102, "inactive_user", "The account this request comes from is not active." + numverifyAccount}),
		"quota":               numverifyError(http.StatusOK, numverifyProblem{104, "usage_limit_reached", "Your monthly usage limit has been reached. Please upgrade your Subscription Plan." + numverifyAccount}),
		"https_restricted":    numverifyError(http.StatusOK, numverifyProblem{105, "https_access_restricted", "Access Restricted - Your current Subscription Plan does not support HTTPS Encryption." + numverifyAccount}),
		"function_restricted": numverifyError(http.StatusOK, numverifyProblem{105, "function_access_restricted", "Access Restricted - Your current Subscription Plan does not support this API Function." + numverifyAccount}),
		"rate_limit":          numverifyError(http.StatusOK, numverifyProblem{106, "rate_limit_reached", "You have exceeded the maximum rate limitation allowed on your subscription plan." + numverifyAccount}),
	}
)

func numverifyError(status int, problem numverifyProblem) reply {
	return jsonReply(status, struct {
		Success bool             `json:"success"`
		Error   numverifyProblem `json:"error"`
	}{Error: problem})
}

// numverifyAnswer has the ten documented fields, in their order.
type numverifyAnswer struct {
	Valid               bool    `json:"valid"`
	Number              string  `json:"number"`
	LocalFormat         string  `json:"local_format"`
	InternationalFormat string  `json:"international_format"`
	CountryPrefix       string  `json:"country_prefix"`
	CountryCode         string  `json:"country_code"`
	CountryName         string  `json:"country_name"`
	Location            string  `json:"location"`
	Carrier             string  `json:"carrier"`
	LineType            *string `json:"line_type"` // null where not known
}

// numverifyValidate looks a number up; faulty input gets the given status.
func numverifyValidate(in inquiry, badInput int) reply {
	query := in.URL.Query()
	digits := strings.NewReplacer("+", "", " ", "", "-", "", ".", "", "(", "", ")", "").Replace(query.Get("number"))
	country := strings.ToUpper(query.Get("country_code"))
	switch {
	case query.Get("number") == "":
		return numverifyError(badInput, numverifyNoNumber)
	case !onlyDigits(digits):
		return numverifyError(badInput, numverifyNotNumeric)
	case country != "" && phonenumbers.GetCountryCodeForRegion(country) == 0:
		return numverifyError(badInput, numverifyBadCountry)
	}
	number := digits
	if country == "" {
		number = "+" + digits // without a country it is read as international
	}
	answer := numverifyAnswer{Number: digits}
	if f := factsOf(number, country); f.valid {
		answer = numverifyAnswer{
			Valid: true, Number: digits, LocalFormat: f.local, InternationalFormat: f.e164,
			CountryPrefix: f.code, CountryCode: f.region, CountryName: f.country,
			Location: f.location, Carrier: f.carrier, LineType: numverifyLineType(f.kind),
		}
	}
	return numverifyForm(in, jsonReply(http.StatusOK, answer))
}

// numverifyLineType names a type of number. A plan that does not tell mobile
// from landline gives mobile, as in the documented sample.
func numverifyLineType(kind phonenumbers.PhoneNumberType) *string {
	var name string
	switch kind {
	case phonenumbers.FIXED_LINE:
		name = "landline"
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		name = "mobile"
	case phonenumbers.TOLL_FREE:
		name = "toll_free"
	case phonenumbers.PREMIUM_RATE:
		name = "premium_rate"
	case phonenumbers.VOIP:
		name = "voip"
	case phonenumbers.PAGER:
		name = "paging"
	case phonenumbers.SHARED_COST, phonenumbers.PERSONAL_NUMBER, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		name = "special_services"
	default:
		return nil
	}
	return &name
}

// numverifyForm applies the parameters that change the form of an answer:
// format indents it, callback makes it a script.
func numverifyForm(in inquiry, answer reply) reply {
	query := in.URL.Query()
	if query.Get("format") == "1" {
		var indented bytes.Buffer
		if json.Indent(&indented, answer.body, "", "  ") == nil {
			answer.body = indented.Bytes()
		}
	}
	if callback := query.Get("callback"); callback != "" {
		answer.header = http.Header{"Content-Type": {"application/javascript"}}
		answer.body = append([]byte(callback+"("), append(answer.body, ");"...)...)
	}
	return answer
}

// numverifyCountry is one entry of the list of countries.
type numverifyCountry struct {
	Name         string `json:"country_name"`
	DiallingCode string `json:"dialling_code"`
}

var numverifyCountries = sync.OnceValue(func() map[string]numverifyCountry {
	countries := map[string]numverifyCountry{}
	for _, region := range regions() {
		if name := countryName(region); name != "" {
			code := "+" + strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
			countries[region] = numverifyCountry{name, code}
		}
	}
	return countries
})
