package provider

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
