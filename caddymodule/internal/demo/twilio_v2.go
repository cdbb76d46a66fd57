package demo

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// twilioV2 are the documented fields of version 2. A package that was not asked
// for is null.
type twilioV2 struct {
	CallingCode      *string  `json:"calling_country_code"`
	CountryCode      *string  `json:"country_code"`
	PhoneNumber      string   `json:"phone_number"`
	NationalFormat   *string  `json:"national_format"`
	Valid            bool     `json:"valid"`
	ValidationErrors []string `json:"validation_errors"`

	CallerName  *twilioCallerName    `json:"caller_name"`
	SIMSwap     *twilioSIMSwap       `json:"sim_swap"`
	Forwarding  any                  `json:"call_forwarding"`
	LineStatus  any                  `json:"line_status"`
	LineType    *twilioLineType      `json:"line_type_intelligence"`
	Identity    *twilioIdentityMatch `json:"identity_match"`
	Reassigned  *twilioReassigned    `json:"reassigned_number"`
	PumpingRisk *twilioPumpingRisk   `json:"sms_pumping_risk"`
	Quality     *twilioQuality       `json:"phone_number_quality_score"`
	PreFill     *twilioPreFill       `json:"pre_fill"`
}

// twilioAsked is what a request wants to know of one number.
type twilioAsked struct {
	number, country, firstName, lastName, verified string
	packages                                       []string
}

// maxTwilioBatch is what is taken here; the real bound is not documented.
const maxTwilioBatch = 100

func twilioV2Answer(in inquiry) reply {
	if in.URL.Path == "/v2/batch/query" && in.Method == http.MethodPost {
		return twilioBatch(in)
	}
	number, ok := twilioNumber(in, "/v2/PhoneNumbers/")
	if !ok {
		return twilioNotFound(in)
	}
	query := in.URL.Query()
	asked := twilioAsked{
		number: number, country: query.Get("CountryCode"), firstName: query.Get("FirstName"),
		lastName: query.Get("LastName"), verified: query.Get("LastVerifiedDate"),
	}
	if list := query.Get("Fields"); list != "" {
		asked.packages = strings.Split(list, ",")
	}
	answer, ok := twilioLookup(asked)
	if !ok {
		return twilioBadRequest("Invalid Fields")
	}
	return jsonReply(http.StatusOK, struct {
		twilioV2
		URL string `json:"url"`
	}{answer, "https://lookups.twilio.com/v2/PhoneNumbers/" + answer.PhoneNumber})
}

// twilioBadRequest has no documented code of its own.
func twilioBadRequest(message string) reply {
	return twilioError(http.StatusBadRequest, http.StatusBadRequest, message)
}

func twilioBatch(in inquiry) reply {
	var body struct {
		Numbers []struct {
			ID       string   `json:"correlation_id"`
			Number   string   `json:"phone_number"`
			Fields   []string `json:"fields"`
			Country  string   `json:"country_code"`
			Identity struct {
				FirstName string `json:"first_name"`
				LastName  string `json:"last_name"`
			} `json:"identity_match"`
			Reassigned struct {
				Verified string `json:"last_verified_date"`
			} `json:"reassigned_number"`
		} `json:"phone_numbers"`
	}
	if json.Unmarshal(in.body, &body) != nil || len(body.Numbers) == 0 || len(body.Numbers) > maxTwilioBatch {
		return twilioBadRequest("Invalid phone_numbers")
	}
	type element struct {
		ID    string `json:"correlation_id,omitempty"`
		Error *int   `json:"twilio_error_code,omitempty"`
		twilioV2
	}
	elements := make([]element, 0, len(body.Numbers))
	for _, n := range body.Numbers {
		answer, ok := twilioLookup(twilioAsked{
			number: n.Number, country: n.Country, firstName: n.Identity.FirstName, lastName: n.Identity.LastName,
			verified: n.Reassigned.Verified, packages: n.Fields,
		})
		if !ok {
			return twilioBadRequest("Invalid fields")
		}
		elements = append(elements, element{ID: n.ID, twilioV2: answer})
	}
	return jsonReply(http.StatusOK, map[string]any{"phone_numbers": elements})
}

// twilioLookup answers about one number; not ok means that a package is unknown.
func twilioLookup(asked twilioAsked) (answer twilioV2, ok bool) {
	f := twilioFacts(asked.number, asked.country)
	answer = twilioV2{
		CallingCode: orNull(strings.TrimPrefix(f.code, "+")), CountryCode: orNull(f.region),
		PhoneNumber: f.e164, NationalFormat: orNull(nationalFormat(f)), Valid: f.valid,
	}
	if !f.valid {
		answer.PhoneNumber = asked.number
		answer.ValidationErrors = []string{twilioValidationError(asked)}
	}
	for _, name := range asked.packages {
		if !answer.add(name, f, asked) {
			return twilioV2{}, false
		}
	}
	return answer, true
}

// add fills a package in; about a number that is not valid all are null.
func (a *twilioV2) add(name string, f facts, asked twilioAsked) (known bool) {
	filled := *a
	switch name {
	case "validation":
	case "caller_name":
		filled.CallerName = twilioCallerNameOf(f)
	case "sim_swap":
		filled.SIMSwap = twilioSIMSwapOf(f)
	case "call_forwarding":
		filled.Forwarding = map[string]any{"call_forwarding_enabled": false, "error_code": nil}
	case "line_status":
		filled.LineStatus = map[string]any{"status": "active", "error_code": nil}
	case "line_type_intelligence":
		filled.LineType = twilioLineTypeOf(f)
	case "identity_match":
		filled.Identity = twilioIdentityMatchOf(asked)
	case "reassigned_number":
		filled.Reassigned = &twilioReassigned{LastVerified: asked.verified, Reassigned: "no"}
	case "sms_pumping_risk":
		filled.PumpingRisk = &twilioPumpingRisk{Category: "moderate", Score: 61}
	case "phone_number_quality_score":
		filled.Quality = &twilioQuality{17, "low", 13, "low", 0, "low", 0, "low", nil}
	case "pre_fill":
		filled.PreFill = &twilioPreFill{"John", "Doe", "321 Main Street", "US", "WA", "98117", nil}
	default:
		return false
	}
	if f.valid {
		*a = filled
	}
	return true
}

// twilioValidationError says in the documented words what is wrong.
func twilioValidationError(asked twilioAsked) string {
	country := strings.ToUpper(asked.country)
	if country == "" {
		country = "US"
	}
	parsed, err := phonenumbers.Parse(asked.number, country)
	if err != nil {
		return "NOT_A_NUMBER"
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.TOO_SHORT:
		return "TOO_SHORT"
	case phonenumbers.TOO_LONG:
		return "TOO_LONG"
	case phonenumbers.INVALID_COUNTRY_CODE:
		return "INVALID_COUNTRY_CODE"
	case phonenumbers.INVALID_LENGTH:
		return "INVALID_LENGTH"
	default:
		return "INVALID_BUT_POSSIBLE"
	}
}
