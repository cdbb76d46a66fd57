package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Telnyx Number Lookup tells where a North American number was ported; carrier
// and caller name come when asked for.
var _ = imitate("telnyx", protocol{
	credential: bearer,
	answer:     telnyxAnswer,
	documented: map[string]reply{
		"rate_limit":   telnyxError(http.StatusTooManyRequests, "10011", "Too many requests", "You have exceeded the maximum number of allowed requests."),
		"forbidden":    telnyxError(http.StatusForbidden, "10010", "Authorization failed", "You do not have permission to perform the requested action on the specified resource or resources."),
		"not_canadian": telnyxError(http.StatusUnprocessableEntity, "10015", "Bad Request", "+16135550123 is a Canadian number"),
		"internal":     telnyxError(http.StatusInternalServerError, "10007", "Unexpected error", "An unexpected error occurred."),
	},
})

func telnyxError(status int, code, title, detail string) reply {
	return jsonReply(status, map[string]any{"errors": []map[string]any{{
		"code": code, "title": title, "detail": detail,
		"meta": map[string]string{"url": "https://developers.telnyx.com/docs/overview/errors/" + code},
	}}})
}

// telnyxData are the documented fields.
type telnyxData struct {
	RecordType     string            `json:"record_type"`
	ValidNumber    bool              `json:"valid_number"`
	CallerName     *telnyxCallerName `json:"caller_name"`
	Carrier        *telnyxCarrier    `json:"carrier"`
	CountryCode    string            `json:"country_code"`
	Fraud          *string           `json:"fraud"`
	NationalFormat string            `json:"national_format"`
	PhoneNumber    string            `json:"phone_number"`
	Portability    *telnyxPorted     `json:"portability"`
}

type telnyxCallerName struct {
	CallerName string `json:"caller_name"`
	ErrorCode  string `json:"error_code"`
}

type telnyxCarrier struct {
	ErrorCode         *string `json:"error_code"`
	MobileCountryCode string  `json:"mobile_country_code"`
	MobileNetworkCode string  `json:"mobile_network_code"`
	Name              string  `json:"name"`
	NormalizedCarrier string  `json:"normalized_carrier"`
	Type              string  `json:"type"`
}

type telnyxPorted struct {
	AltSPID            string `json:"altspid"`
	AltSPIDCarrier     string `json:"altspid_carrier_name"`
	AltSPIDCarrierType string `json:"altspid_carrier_type"`
	City               string `json:"city"`
	State              string `json:"state"`
	LineType           string `json:"line_type"`
	LRN                string `json:"lrn"`
	OCN                string `json:"ocn"`
	PortedDate         string `json:"ported_date"`
	PortedStatus       string `json:"ported_status"`
	SPID               string `json:"spid"`
	SPIDCarrier        string `json:"spid_carrier_name"`
	SPIDCarrierType    string `json:"spid_carrier_type"`
}

func telnyxAnswer(in inquiry) reply {
	number, ok := strings.CutPrefix(in.URL.Path, "/v2/number_lookup/")
	switch {
	case !in.accepted:
		return telnyxError(http.StatusUnauthorized, "10009", "Authentication failed",
			"The required authentication headers were either invalid or not included in the request.")
	case !ok || number == "" || strings.Contains(number, "/") || in.Method != http.MethodGet:
		return telnyxError(http.StatusNotFound, "10005", "Resource not found", "The requested resource or URL could not be found.")
	case !strings.HasPrefix(number, "+"):
		return telnyxError(http.StatusBadRequest, "10016", "Phone number must be in +E.164 format",
			"The specified phone number parameter must be in +E.164 format.")
	}
	f := factsOf(number, "")
	if !f.valid {
		return telnyxError(http.StatusUnprocessableEntity, "10002", "Invalid phone number", "The phone number is invalid.")
	}
	data := telnyxBase(f)
	for _, kind := range in.URL.Query()["type"] {
		switch kind {
		case "carrier":
			data.Carrier = telnyxCarrierOf(f)
		case "caller-name":
			data.CallerName = &telnyxCallerName{CallerName: "TELNYX LLC", ErrorCode: "10001"}
		default:
			return telnyxError(http.StatusBadRequest, "10015", "Bad Request", "The request failed because it was not well-formed.")
		}
	}
	return jsonReply(http.StatusOK, map[string]any{"data": data})
}

// telnyxBase is what every lookup tells.
func telnyxBase(f facts) telnyxData {
	data := telnyxData{
		RecordType: "number_lookup", ValidNumber: true, CountryCode: f.region,
		NationalFormat: nationalFormat(f), PhoneNumber: f.e164,
	}
	if f.code != "+1" {
		return data
	}
	city, state := ctpPlace(f.location)
	data.Portability = &telnyxPorted{
		AltSPID: "073H", AltSPIDCarrier: "Telnyx/4", AltSPIDCarrierType: "3", City: strings.ToUpper(city), State: state,
		LineType: telnyxLineType(f.kind), LRN: "2245701999", OCN: "073H", PortedDate: "2017-10-20", PortedStatus: "Y",
		SPID: "073H", SPIDCarrier: "Telnyx/4", SPIDCarrierType: "3",
	}
	return data
}

func telnyxCarrierOf(f facts) *telnyxCarrier {
	carrier := &telnyxCarrier{Name: f.carrier, Type: telnyxLineType(f.kind)}
	if carrier.Name == "" {
		carrier.Name, carrier.NormalizedCarrier = "Telnyx/4", "Telnyx"
	}
	if carrier.Type == "mobile" {
		carrier.MobileCountryCode, carrier.MobileNetworkCode = "310", "456"
	}
	return carrier
}

// telnyxLineType names a type of number as the vendor's clients know it.
func telnyxLineType(kind phonenumbers.PhoneNumberType) string {
	names := map[phonenumbers.PhoneNumberType]string{
		phonenumbers.FIXED_LINE:           "fixed line",
		phonenumbers.MOBILE:               "mobile",
		phonenumbers.VOIP:                 "voip",
		phonenumbers.FIXED_LINE_OR_MOBILE: "fixed line or mobile",
		phonenumbers.TOLL_FREE:            "toll free",
		phonenumbers.PREMIUM_RATE:         "premium rate",
		phonenumbers.SHARED_COST:          "shared cost",
		phonenumbers.PERSONAL_NUMBER:      "personal number",
		phonenumbers.PAGER:                "pager",
		phonenumbers.UAN:                  "uan",
		phonenumbers.VOICEMAIL:            "voicemail",
	}
	if name, ok := names[kind]; ok {
		return name
	}
	return "unknown"
}
