package demo

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Twilio Lookup has two versions on one host, which differ in how they answer
// about a number that does not exist.

var _ = imitate("twilio-v2", protocol{
	credential: basicPair,
	answer:     twilioGuard(twilioV2Answer),
	newKey:     twilioKey,
	documented: twilioDocumented,
})

var _ = imitate("twilio-v1", protocol{
	credential: basicPair,
	answer:     twilioGuard(twilioV1Answer),
	newKey:     twilioKey,
	documented: twilioDocumented,
})

var twilioDocumented = map[string]reply{
	"rate_limit": twilioError(http.StatusTooManyRequests, 20429, "Too Many Requests"),
	"region":     twilioError(http.StatusBadRequest, 60614, "Lookup Request Must Be Completed in Different Twilio Region"),
	"internal":   twilioError(http.StatusInternalServerError, 20500, "Internal Server Error for account AC00000000000000000000000000000000"),
}

// twilioKey makes an account's SID and token.
func twilioKey() (string, error) { return "AC" + randomHex(16) + ":" + randomHex(16), nil }

// twilioGuard checks the credential first, as the real API does.
func twilioGuard(answer func(inquiry) reply) func(inquiry) reply {
	return func(in inquiry) reply {
		switch {
		case in.key == "":
			return twilioError(http.StatusUnauthorized, 20003, "Authentication Error - No credentials provided")
		case !in.accepted:
			return twilioError(http.StatusUnauthorized, 20003, "Authentication Error - invalid username")
		}
		return answer(in)
	}
}

func twilioError(status, code int, message string) reply {
	return jsonReply(status, struct {
		Code     int    `json:"code"`
		Message  string `json:"message"`
		MoreInfo string `json:"more_info"`
		Status   int    `json:"status"`
	}{code, message, "https://www.twilio.com/docs/errors/" + strconv.Itoa(code), status})
}

func twilioNotFound(in inquiry) reply {
	return twilioError(http.StatusNotFound, 20404, "The requested resource "+in.URL.Path+" was not found")
}

// twilioNumber returns the number of a path like /v2/PhoneNumbers/+14159929960.
func twilioNumber(in inquiry, prefix string) (number string, ok bool) {
	number, ok = strings.CutPrefix(in.URL.Path, prefix)
	return number, ok && in.Method == http.MethodGet && number != "" && !strings.Contains(number, "/")
}

// twilioFacts looks a number up; one without "+" is of the given country, or of
// North America.
func twilioFacts(number, country string) facts {
	if country == "" {
		country = "US"
	}
	return factsOf(number, strings.ToUpper(country))
}

// orNull is null in JSON for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// twilioV1 are the documented fields of version 1.
type twilioV1 struct {
	CallerName     *twilioCallerName `json:"caller_name"`
	CountryCode    string            `json:"country_code"`
	PhoneNumber    string            `json:"phone_number"`
	NationalFormat string            `json:"national_format"`
	Carrier        *twilioV1Carrier  `json:"carrier"`
	Fraud          *string           `json:"fraud"`
	AddOns         *struct{}         `json:"add_ons"`
	URL            string            `json:"url"`
}

type twilioV1Carrier struct {
	ErrorCode         *int    `json:"error_code"`
	MobileCountryCode *string `json:"mobile_country_code"`
	MobileNetworkCode *string `json:"mobile_network_code"`
	Name              *string `json:"name"`
	Type              *string `json:"type"`
}

func twilioV1Answer(in inquiry) reply {
	number, ok := twilioNumber(in, "/v1/PhoneNumbers/")
	f := twilioFacts(number, in.URL.Query().Get("CountryCode"))
	if !ok || !f.valid {
		return twilioNotFound(in)
	}
	answer := twilioV1{
		CountryCode: f.region, PhoneNumber: f.e164, NationalFormat: nationalFormat(f),
		URL: "https://lookups.twilio.com/v1/PhoneNumbers/" + f.e164,
	}
	for _, kind := range in.URL.Query()["Type"] {
		switch kind {
		case "carrier":
			answer.Carrier = twilioV1CarrierOf(f)
		case "caller-name":
			answer.CallerName = twilioCallerNameOf(f)
		default:
			// No documented code was found for this one.
			return twilioError(http.StatusBadRequest, http.StatusBadRequest, "Invalid Type")
		}
	}
	return jsonReply(http.StatusOK, answer)
}

func twilioV1CarrierOf(f facts) *twilioV1Carrier {
	line := twilioLineTypeOf(f)
	carrier := &twilioV1Carrier{
		MobileCountryCode: line.MobileCountryCode, MobileNetworkCode: line.MobileNetworkCode,
		Name: line.CarrierName, Type: orNull("landline"),
	}
	switch f.kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		carrier.Type = orNull("mobile")
	case phonenumbers.VOIP:
		carrier.Type = orNull("voip")
	}
	return carrier
}
