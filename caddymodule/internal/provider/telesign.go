package provider

import "net/http"

var _ = preset("telesign", telesign)

// Telesign Phone ID, with the number in the path or in the body.
//
// Facts: the vendor's OpenAPI file of the Detect API, and its clients
// telesignsdk v3.0.4 and telesignenterprisesdk v7.0.0. The HTTP status is not
// authoritative: status.code and errors[].code are. The number is digits
// without "+". Accounts can be bound to source addresses. Add-ons are paid, and
// most tell about a person; how their prices compare was not found: each counts
// one unit. The deprecated contact_plus is not offered, nor are the routes live,
// standard and number_deactivation beside this one, nor external_id, a free
// text that the provider stores. Of the types of line only FIXED_LINE and
// MOBILE were found.
func telesign() *Provider {
	return &Provider{
		Name:    "telesign",
		BaseURL: "https://rest-ww.telesign.com",
		Hosts: map[string]string{
			"ww":  "https://rest-ww.telesign.com",
			"api": "https://rest-api.telesign.com", // the default of telesignsdk
		},
		Operations: []Operation{
			telesignPhoneID("phoneid", "/v1/phoneid/{number}", InPath, ""),
			telesignPhoneID("phoneid-body", "/v1/phoneid", InJSON, "phone_number"),
		},
		Secrets:         []string{"customer_id", "api_key"},
		Placements:      []Placement{{In: InBasic}},
		OtherPlacements: map[string][]Placement{"tsa": {{In: InTSA}}},
		CallerSlots:     []Slot{{In: InBasic}},
		Rules:           telesignRules(),
		Problem:         telesignProblem,
	}
}

func telesignPhoneID(name, path string, in In, number string) Operation {
	return Operation{
		Name:    name,
		Method:  http.MethodPost,
		Path:    path,
		Number:  &NumberSlot{In: in, Name: number, Format: FormatDigits, BareInternational: true},
		Params:  telesignParams(),
		Fields:  telesignFields(),
		Unified: telesignUnified(),
	}
}

func telesignParams() []Param {
	params := []Param{
		{
			Name: "account_lifecycle_event", In: InJSON, Kind: KindString,
			Values: []string{"create", "sign-in", "transact", "update", "delete"},
		},
		{Name: "originating_ip", In: InJSON, Kind: KindIP, OptIn: true}, // the subscriber's address: personal data
		{Name: "/consent/method", In: InJSON, Kind: KindInteger, Values: []string{"1", "2", "3", "4"}},
		{Name: "/consent/timestamp", In: InJSON, Kind: KindString, MaxLength: 35},
	}
	addon := func(name string, kind ParamKind) {
		params = append(params, Param{Name: "/addons/" + name, In: InJSON, Kind: kind, OptIn: true, Cost: 1})
	}
	for _, name := range []string{
		"age_verify", "active_call_status", "breached_number_check", "call_forward_detection", "contact",
		"number_deactivation", "subscriber_status", "porting_history", "porting_status", "sim_swap",
	} {
		addon(name, KindEmpty)
	}
	addon("age_verify/age_threshold", KindInteger)
	addon("porting_history/past_x_days", KindInteger)
	addon("contact/email", KindString)
	// A budget counts each of these, though the provider sells them together:
	// it errs on the safe side.
	for _, member := range []string{"first_name", "last_name", "address", "city", "postal_code", "state", "country"} {
		addon("contact_match/"+member, KindString)
	}
	return params
}

// telesignRules goes by the codes; the status counts where there is none.
func telesignRules() []Rule {
	return []Rule{
		{Status: []int{http.StatusOK}, Pointer: "/status/code", Equals: []string{"300", "301"}, Verdict: Answer},
		{Pointer: "/status/code", Equals: []string{"10008", "10013", "10015", "11005"}, Verdict: BadCredential},
		{Pointer: "/errors/0/code", Equals: []string{"-30015"}, Verdict: BadCredential},
		{
			Pointer: "/status/code", Equals: []string{"10014"}, Verdict: ProviderError,
			Hint: "the provider does not know the address that this request came from: allow it in the account",
		},
		{
			Pointer: "/errors/0/code", Equals: []string{"-10001"}, Verdict: ProviderError,
			Hint: "the provider does not know the address that this request came from: allow it in the account",
		},
		{Pointer: "/status/code", Equals: []string{"10012", "10020", "10030", "10033"}, Verdict: QuotaExceeded},
		{Pointer: "/errors/0/code", Equals: []string{"-40008"}, Verdict: QuotaExceeded},
		{Pointer: "/status/code", Equals: []string{"10019"}, Verdict: RateLimited},
		{Pointer: "/errors/0/code", Equals: []string{"-40007"}, Verdict: RateLimited}, // with status 400
		{Pointer: "/errors/0/code", Equals: []string{"-60001"}, Verdict: UnknownNumber},
		{
			Pointer: "/status/code", Verdict: BadRequest,
			// 10009 to 10011 come with status 401; 10032 and 10041 are numbers
			// that the provider will not look up.
			Equals: []string{"10009", "10010", "10011", "10032", "10041", "11000", "11001", "11003", "11010", "11011", "12000"},
		},
		{Status: []int{http.StatusBadRequest}, Verdict: BadRequest},
		{Status: []int{http.StatusOK}, Verdict: ProviderError},
	}
}

// telesignProblem uses the documented status codes where one fits; -90001 is
// the documented "system unavailable".
func telesignProblem(p Problem) any {
	type status struct {
		Code        int    `json:"code"`
		Description string `json:"description"`
	}
	s := status{-90001, p.Title + ": " + p.Detail}
	switch p.Reason {
	case ReasonUnauthenticated:
		s.Code = 10015
	case ReasonRateLimited, ReasonUpstreamBusy:
		s.Code = 10019
	case ReasonInvalidNumber:
		s.Code = 11000
	case ReasonUnknownNumber:
		s.Code = -60001
	}
	return struct {
		ReferenceID string   `json:"reference_id"`
		Status      status   `json:"status"`
		Errors      []status `json:"errors"`
		RequestID   string   `json:"request_id"`
	}{p.RequestID, s, []status{s}, p.RequestID}
}

// telesignFields covers the lookup itself and all its add-ons.
func telesignFields() []Field {
	list := join(
		fields(Never, "/reference_id", "/external_id", "/status/description", "/status/updated_on"),
		fields(Envelope, "/status/code"),
		fields(Validity, "/numbering/original/phone_number", "/numbering/original/complete_phone_number",
			"/numbering/original/country_code"),
		fields(LineType, "/phone_type/code", "/phone_type/description",
			"/phone_type/override_reason", "/phone_type/override_reason_id"),
		fields(Carrier, "/carrier/carrier_id", "/carrier/name", "/carrier/mcc", "/carrier/mnc"),
		fields(Location, "/location/city", "/location/county", "/location/state", "/location/zip",
			"/location/country/iso2", "/location/country/iso3", "/location/country/name",
			"/location/time_zone/name", "/location/time_zone/utc_offset_min", "/location/time_zone/utc_offset_max",
			"/location/coordinates/latitude", "/location/coordinates/longitude", "/location/metro_code"),
		fields(Risk, "/blocklisting/block_code", "/blocklisting/block_description", "/blocklisting/blocked"),
	)
	for _, use := range []string{"call", "sms"} {
		at := "/numbering/cleansing/" + use
		list = append(list, fields(Validity, at+"/cleansed_code", at+"/country_code", at+"/phone_number",
			at+"/min_length", at+"/max_length")...)
	}
	return join(list, telesignNetworkAddonFields(), telesignPersonAddonFields(), telesignAddonStatusFields())
}

// telesignNetworkAddonFields are of the add-ons about the line.
func telesignNetworkAddonFields() []Field {
	return join(
		fields(LineType, "/porting_history/phone_type_current"),
		fields(Carrier, "/porting_history/carrier_current", "/porting_history/mcc_carrier_current",
			"/porting_history/mnc_carrier_current", "/porting_status/mcc_current", "/porting_status/mnc_current",
			"/number_deactivation/carrier_name"),
		fields(Portability, "/porting_history/carrier_previous", "/porting_history/mcc_carrier_previous",
			"/porting_history/mnc_carrier_previous", "/porting_history/phone_type_previous",
			"/porting_history/port_date", "/porting_history/number_of_portings", "/porting_status/ported"),
		fields(Risk, "/active_call_status/is_call_active", "/active_call_status/call_duration",
			"/active_call_status/call_direction",
			"/call_forward_detection/call_forward_enabled", "/call_forward_detection/call_forward_type",
			"/call_forward_detection/call_forward_condition",
			"/number_deactivation/last_deactivated", "/number_deactivation/tracking_since",
			"/number_deactivation/recycled_since_last_verification",
			"/sim_swap/swap_date", "/sim_swap/swap_time", "/sim_swap/risk_indicator"),
	)
}

// telesignPersonAddonFields are of the add-ons about the subscriber.
func telesignPersonAddonFields() []Field {
	list := join(
		fields(Identity, "/age_verify/age_verified", "/contact_match/address_score",
			"/contact_match/first_name_score", "/contact_match/last_name_score",
			"/subscriber_status/account_type", "/subscriber_status/primary_account_holder"),
		fields(Risk, "/breached_number_check/phone_number_breached", "/breached_number_check/breach_date",
			"/breached_number_check/breached_data/*",
			"/subscriber_status/account_activation_date", "/subscriber_status/account_tenure_min",
			"/subscriber_status/account_tenure_max", "/subscriber_status/account_status",
			"/subscriber_status/contract_type"),
	)
	for _, addon := range []string{"/contact", "/contact_plus"} {
		list = append(list, fields(Identity, addon+"/first_name", addon+"/last_name", addon+"/date_of_birth",
			addon+"/id", addon+"/email_address", addon+"/address1", addon+"/address2", addon+"/address3",
			addon+"/address4", addon+"/city", addon+"/state_province", addon+"/zip_postal_code", addon+"/country")...)
	}
	return list
}

// telesignAddonStatusFields say of each add-on whether it worked.
func telesignAddonStatusFields() []Field {
	var list []Field
	for _, addon := range []string{
		"age_verify", "active_call_status", "breached_number_check", "call_forward_detection", "contact",
		"contact_match", "contact_plus", "number_deactivation", "subscriber_status", "porting_history",
		"porting_status", "sim_swap",
	} {
		at := "/" + addon + "/status"
		list = append(list, Field{at + "/code", Envelope}, Field{at + "/description", Never})
	}
	return list
}

func telesignUnified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/numbering/original/complete_phone_number"},
		{UnifiedLineType, "/phone_type/description", map[string]string{"FIXED_LINE": "fixed_line", "MOBILE": "mobile"}},
		{To: UnifiedCarrier, From: "/carrier/name"},
		{To: UnifiedMCC, From: "/carrier/mcc"},
		{To: UnifiedMNC, From: "/carrier/mnc"},
		{To: UnifiedPorted, From: "/porting_status/ported"},
		{To: UnifiedPortedDate, From: "/porting_history/port_date"},
		{To: UnifiedOriginalCarrier, From: "/porting_history/carrier_previous"},
		{To: UnifiedCountry, From: "/location/country/iso2"},
		{To: UnifiedCountryName, From: "/location/country/name"},
		{To: UnifiedLocation, From: "/location/state"},
		{To: UnifiedCity, From: "/location/city"},
		{To: UnifiedTimeZone, From: "/location/time_zone/name"},
		{UnifiedPrepaid, "/subscriber_status/contract_type", map[string]string{"prepaid": "true", "postpaid": "false"}},
		{UnifiedActive, "/subscriber_status/account_status", map[string]string{
			"active": "true", "suspended": "false", "deactivated": "false",
		}},
	}
}
