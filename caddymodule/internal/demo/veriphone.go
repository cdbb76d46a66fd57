package demo

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Veriphone takes its key from the header, else from a cookie, else from the
// query.
var _ = imitate("veriphone", protocol{
	credential: func(r *http.Request) string {
		if token := bearer(r); token != "" {
			return token
		}
		if cookie, err := r.Cookie("key"); err == nil {
			return cookie.Value
		}
		return r.URL.Query().Get("key")
	},
	answer: veriphoneAnswer,
	documented: map[string]reply{
		"quota":        veriphoneError(http.StatusPaymentRequired, "PaymentRequired", "Insufficient credits"),
		"forbidden":    veriphoneError(http.StatusForbidden, "Forbidden", "Account owner@account.example is inactive"),
		"internal":     veriphoneError(http.StatusInternalServerError, "InternalServerError", "Server error"),
		"syntax_error": jsonReply(http.StatusOK, map[string]string{"status": "syntax-error"}),
	},
})

func veriphoneError(status int, kind, message string) reply {
	return jsonReply(status, map[string]any{"status": "error", "code": status, "type": kind, "message": message})
}

// veriphoneFields are the documented ones, in their order.
type veriphoneFields struct {
	Status        string `json:"status"`
	Phone         string `json:"phone"`
	Valid         bool   `json:"phone_valid"`
	Type          string `json:"phone_type"`
	Region        string `json:"phone_region"`
	Country       string `json:"country"`
	CountryCode   string `json:"country_code"`
	CountryPrefix string `json:"country_prefix"`
	International string `json:"international_number"`
	Local         string `json:"local_number"`
	E164          string `json:"e164"`
	Carrier       string `json:"carrier"`
}

func veriphoneAnswer(in inquiry) reply {
	values := in.URL.Query()
	if form, err := url.ParseQuery(string(in.body)); err == nil && in.Method == http.MethodPost {
		maps.Copy(values, form)
	}
	phone, region := values.Get("phone"), strings.ToUpper(values.Get("default_country"))
	switch {
	case in.URL.Path != "/v2/verify":
		return veriphoneError(http.StatusNotFound, "NotFound", "Resource not found")
	case in.Method != http.MethodGet && in.Method != http.MethodPost:
		return veriphoneError(http.StatusBadRequest, "BadRequest", "Invalid or missing input")
	case !in.accepted:
		return veriphoneError(http.StatusUnauthorized, "Unauthorized", "API key or token required")
	case phone == "":
		return veriphoneError(http.StatusBadRequest, "MissingParameter", "Invalid or missing input")
	case region == "":
		region = veriphoneCaller
	}
	answer := veriphoneFields{Status: "success", Phone: phone, Type: "unknown"}
	if f := factsOf(phone, region); f.valid {
		answer.Valid, answer.Type = true, veriphoneLineType(f.kind)
		answer.Region, answer.Country, answer.CountryCode = f.location, f.country, f.region
		answer.CountryPrefix = strings.TrimPrefix(f.code, "+")
		answer.International, answer.Local, answer.E164 = internationalFormat(f), nationalFormat(f), f.e164
		answer.Carrier = f.carrier
	}
	return jsonReply(http.StatusOK, answer)
}

// veriphoneCaller is the country that the address of the caller is taken to be
// in. Nobody who asks without a country should depend on it.
const veriphoneCaller = "DE"

// internationalFormat writes a valid number with spaces, as Veriphone does.
func internationalFormat(f facts) string {
	parsed, err := phonenumbers.Parse(f.e164, "")
	if err != nil {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
}

func veriphoneLineType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "fixed_line"
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.TOLL_FREE:
		return "toll_free"
	case phonenumbers.PREMIUM_RATE:
		return "premium_rate"
	case phonenumbers.SHARED_COST:
		return "shared_cost"
	case phonenumbers.VOIP:
		return "voip"
	}
	return "unknown"
}
