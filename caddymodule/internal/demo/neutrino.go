package demo

import (
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// Neutrino takes a credential of two headers.
var _ = imitate("neutrino", protocol{
	credential: func(r *http.Request) string {
		user, key := r.Header.Get("User-ID"), r.Header.Get("API-Key")
		if user == "" || key == "" {
			return ""
		}
		return user + ":" + key
	},
	answer: neutrinoAnswer,
	newKey: func() (string, error) { return "user-" + randomHex(4) + ":" + randomHex(24), nil },
	documented: map[string]reply{
		"daily_limit":    neutrinoError(http.StatusBadRequest, 2, "DAILY API LIMIT EXCEEDED"),
		"banned":         neutrinoError(http.StatusBadRequest, 4, "ACCOUNT OR IP BANNED"),
		"not_responding": neutrinoError(http.StatusBadRequest, 5, "NOT RESPONDING. RETRY IN 5 SECONDS"),
		"rate_limit":     neutrinoError(http.StatusBadRequest, 6, "TOO MANY CONNECTIONS"),
		"no_access":      neutrinoError(http.StatusBadRequest, 10, "ACCESS DENIED. PLEASE CONTACT SUPPORT FOR ACCESS TO THIS API"),
		"free_limit":     neutrinoError(http.StatusBadRequest, 16, "FREE PLAN LIMIT EXCEEDED"),
		"own_limit":      neutrinoError(http.StatusBadRequest, 31, "DAILY API LIMIT EXCEEDED. SET BY ACCOUNT HOLDER"),
		"internal":       neutrinoError(http.StatusInternalServerError, 51, "FATAL EXCEPTION. REQUEST COULD NOT BE COMPLETED"),
	},
})

func neutrinoError(status, code int, message string) reply {
	return jsonReply(status, map[string]any{"api-error": code, "api-error-msg": message})
}

// neutrinoFields are the documented ones.
type neutrinoFields struct {
	Valid         bool   `json:"valid"`
	Type          string `json:"type"`
	IsMobile      bool   `json:"is-mobile"`
	Country       string `json:"country"`
	CountryCode   string `json:"country-code"`
	CountryCode3  string `json:"country-code3"`
	CurrencyCode  string `json:"currency-code"`
	CallingCode   string `json:"international-calling-code"`
	International string `json:"international-number"`
	Local         string `json:"local-number"`
	Location      string `json:"location"`
	PrefixNetwork string `json:"prefix-network"`
}

func neutrinoAnswer(in inquiry) reply {
	query := in.URL.Query()
	number, region := query.Get("number"), strings.ToUpper(query.Get("country-code"))
	switch {
	case !in.accepted:
		return neutrinoError(http.StatusForbidden, 43, "ACCESS DENIED. USER ID OR API KEY INVALID")
	case strings.TrimLeft(in.URL.Path, "/") != "phone-validate" || in.Method != http.MethodGet:
		return neutrinoError(http.StatusForbidden, 45, "ENDPOINT DOES NOT EXIST")
	case number == "", region != "" && phonenumbers.GetCountryCodeForRegion(region) == 0:
		return neutrinoError(http.StatusBadRequest, 1, "MISSING OR INVALID PARAMETER")
	case region == "" && query.Get("ip") != "":
		region = neutrinoAddress
	case region == "" && onlyDigits(number):
		number = "+" + number // without a country it is read as international
	}
	answer := neutrinoFields{Type: "unknown"}
	if f := factsOf(number, region); f.valid {
		answer = neutrinoFields{
			Valid: true, Type: neutrinoLineType(f.kind), Country: f.country, CountryCode: f.region,
			CallingCode: strings.TrimPrefix(f.code, "+"), International: f.e164, Local: nationalFormat(f),
			Location: f.location, PrefixNetwork: f.carrier,
		}
		answer.IsMobile = answer.Type == "mobile"
		if answer.Location == "" {
			answer.Location = f.country
		}
		answer.CountryCode3, answer.CurrencyCode = neutrinoCodes(f.region)
	}
	return jsonReply(http.StatusOK, answer)
}

// neutrinoAddress is the country that every address is taken to be in.
const neutrinoAddress = "GB"

// neutrinoCodes returns a country's code of three letters and its currency.
func neutrinoCodes(region string) (iso3, currencyCode string) {
	r, err := language.ParseRegion(region)
	if err != nil {
		return "", ""
	}
	if unit, ok := currency.FromRegion(r); ok {
		currencyCode = unit.String()
	}
	return r.ISO3(), currencyCode
}

// neutrinoLineType names a type of number. What may be either is called mobile.
func neutrinoLineType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "fixed-line"
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "mobile"
	case phonenumbers.PREMIUM_RATE:
		return "premium-rate"
	case phonenumbers.TOLL_FREE:
		return "toll-free"
	case phonenumbers.VOIP:
		return "voip"
	}
	return "unknown"
}
