package demo

import "github.com/nyaruka/phonenumbers"

// The packages of Twilio Lookup, version 2. Only line type, carrier and country
// come from libphonenumber's data; the rest is made up and always the same.

type twilioCallerName struct {
	CallerName *string `json:"caller_name"`
	CallerType *string `json:"caller_type"`
	ErrorCode  *int    `json:"error_code"`
}

// twilioCallerNameOf knows subscribers in the US alone, as documented.
func twilioCallerNameOf(f facts) *twilioCallerName {
	if f.region != "US" {
		return &twilioCallerName{}
	}
	return &twilioCallerName{CallerName: orNull("SERGIO SUAREZ"), CallerType: orNull("CONSUMER")}
}

type twilioLineType struct {
	ErrorCode         *int    `json:"error_code"`
	MobileCountryCode *string `json:"mobile_country_code"`
	MobileNetworkCode *string `json:"mobile_network_code"`
	CarrierName       *string `json:"carrier_name"`
	Type              string  `json:"type"`
}

// twilioLineTypes are the documented types; where North America does not tell
// mobile from landline it is mobile.
var twilioLineTypes = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.FIXED_LINE:           "landline",
	phonenumbers.MOBILE:               "mobile",
	phonenumbers.FIXED_LINE_OR_MOBILE: "mobile",
	phonenumbers.TOLL_FREE:            "tollFree",
	phonenumbers.PREMIUM_RATE:         "premium",
	phonenumbers.SHARED_COST:          "sharedCost",
	phonenumbers.VOIP:                 "nonFixedVoip",
	phonenumbers.PERSONAL_NUMBER:      "personal",
	phonenumbers.PAGER:                "pager",
	phonenumbers.UAN:                  "uan",
	phonenumbers.VOICEMAIL:            "voicemail",
}

func twilioLineTypeOf(f facts) *twilioLineType {
	line := &twilioLineType{Type: "unknown", CarrierName: orNull(f.carrier)}
	if name, ok := twilioLineTypes[f.kind]; ok {
		line.Type = name
	}
	if f.carrier == "" {
		line.CarrierName = orNull("Example Networks")
	}
	if line.Type == "mobile" {
		line.MobileCountryCode, line.MobileNetworkCode = orNull("310"), orNull("456")
	}
	return line
}

type twilioSIMSwap struct {
	Last              twilioLastSIMSwap `json:"last_sim_swap"`
	CarrierName       *string           `json:"carrier_name"`
	MobileCountryCode *string           `json:"mobile_country_code"`
	MobileNetworkCode *string           `json:"mobile_network_code"`
	ErrorCode         *int              `json:"error_code"`
}

type twilioLastSIMSwap struct {
	Date     string `json:"last_sim_swap_date"`
	Period   string `json:"swapped_period"`
	InPeriod bool   `json:"swapped_in_period"`
}

func twilioSIMSwapOf(f facts) *twilioSIMSwap {
	line := twilioLineTypeOf(f)
	return &twilioSIMSwap{
		Last:        twilioLastSIMSwap{"2020-04-27T10:18:50Z", "PT48H", false},
		CarrierName: line.CarrierName, MobileCountryCode: line.MobileCountryCode, MobileNetworkCode: line.MobileNetworkCode,
	}
}

type twilioIdentityMatch struct {
	FirstName    string `json:"first_name_match"`
	LastName     string `json:"last_name_match"`
	Lines        string `json:"address_lines_match"`
	City         string `json:"city_match"`
	State        string `json:"state_match"`
	PostalCode   string `json:"postal_code_match"`
	Country      string `json:"address_country_match"`
	NationalID   string `json:"national_id_match"`
	DateOfBirth  string `json:"date_of_birth_match"`
	Summary      int    `json:"summary_score"`
	ErrorCode    *int   `json:"error_code"`
	ErrorMessage any    `json:"error_message"`
}

// twilioIdentityMatchOf agrees with every name it is asked about.
func twilioIdentityMatchOf(asked twilioAsked) *twilioIdentityMatch {
	match := func(given string) string {
		if given == "" {
			return "no_data_available"
		}
		return "exact_match"
	}
	const none = "no_data_available"
	return &twilioIdentityMatch{
		FirstName: match(asked.firstName), LastName: match(asked.lastName), Lines: none, City: none, State: none,
		PostalCode: none, Country: none, NationalID: none, DateOfBirth: none, Summary: 90,
	}
}

type twilioReassigned struct {
	LastVerified string  `json:"last_verified_date"`
	Reassigned   string  `json:"is_number_reassigned"`
	ErrorCode    *string `json:"error_code"`
}

type twilioPumpingRisk struct {
	Category     string  `json:"carrier_risk_category"`
	Blocked      bool    `json:"number_blocked"`
	BlockedDate  *string `json:"number_blocked_date"`
	BlockedLast3 *bool   `json:"number_blocked_last_3_months"`
	Score        int     `json:"sms_pumping_risk_score"`
	ErrorCode    *int    `json:"error_code"`
}

type twilioQuality struct {
	CarrierScore       int    `json:"carrier_risk_score"`
	CarrierCategory    string `json:"carrier_risk_category"`
	DisposableScore    int    `json:"disposable_phone_risk_score"`
	DisposableCategory string `json:"disposable_phone_risk_category"`
	Score              int    `json:"quality_score"`
	Category           string `json:"quality_category"`
	VelocityScore      int    `json:"velocity_risk_score"`
	VelocityCategory   string `json:"velocity_risk_category"`
	ErrorCode          *int   `json:"error_code"`
}

type twilioPreFill struct {
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Address    string `json:"address_line"`
	Country    string `json:"country_code"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	ErrorCode  *int   `json:"error_code"`
}
