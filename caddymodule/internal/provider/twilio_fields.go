package provider

// twilioV2Fields are the fields of one number's answer, below a pointer.
func twilioV2Fields(at string) []Field {
	list := join(
		fields(Validity, "/valid", "/phone_number", "/national_format", "/calling_country_code", "/validation_errors/*"),
		fields(LineType, "/line_type_intelligence/type"),
		fields(Carrier,
			"/line_type_intelligence/carrier_name",
			"/line_type_intelligence/mobile_country_code", "/line_type_intelligence/mobile_network_code",
			"/sim_swap/carrier_name", "/sim_swap/mobile_country_code", "/sim_swap/mobile_network_code"),
		fields(Location, "/country_code"),
		fields(Identity,
			"/caller_name/caller_name", "/caller_name/caller_type",
			"/identity_match/first_name_match", "/identity_match/last_name_match", "/identity_match/address_lines_match",
			"/identity_match/city_match", "/identity_match/state_match", "/identity_match/postal_code_match",
			"/identity_match/address_country_match", "/identity_match/national_id_match",
			"/identity_match/date_of_birth_match", "/identity_match/summary_score",
			"/pre_fill/first_name", "/pre_fill/last_name", "/pre_fill/address_line", "/pre_fill/country_code",
			"/pre_fill/state", "/pre_fill/postal_code"),
		fields(Risk,
			"/sim_swap/last_sim_swap/last_sim_swap_date", "/sim_swap/last_sim_swap/swapped_period",
			"/sim_swap/last_sim_swap/swapped_in_period",
			"/call_forwarding/call_forwarding_enabled", "/line_status/status",
			"/reassigned_number/last_verified_date", "/reassigned_number/is_number_reassigned",
			"/sms_pumping_risk/carrier_risk_category", "/sms_pumping_risk/number_blocked",
			"/sms_pumping_risk/number_blocked_date", "/sms_pumping_risk/number_blocked_last_3_months",
			"/sms_pumping_risk/sms_pumping_risk_score",
			"/phone_number_quality_score/carrier_risk_score", "/phone_number_quality_score/carrier_risk_category",
			"/phone_number_quality_score/disposable_phone_risk_score",
			"/phone_number_quality_score/disposable_phone_risk_category",
			"/phone_number_quality_score/quality_score", "/phone_number_quality_score/quality_category",
			"/phone_number_quality_score/velocity_risk_score", "/phone_number_quality_score/velocity_risk_category"),
		// Numbers that tell why a package has no data.
		fields(Envelope,
			"/line_type_intelligence/error_code", "/sim_swap/error_code", "/caller_name/error_code",
			"/identity_match/error_code", "/pre_fill/error_code", "/call_forwarding/error_code",
			"/line_status/error_code", "/reassigned_number/error_code", "/sms_pumping_risk/error_code",
			"/phone_number_quality_score/error_code"),
		fields(Never, "/identity_match/error_message"),
	)
	for i := range list {
		list[i].Pointer = at + list[i].Pointer
	}
	return list
}

func twilioV2Unified() []Mapping {
	return []Mapping{
		{To: UnifiedValid, From: "/valid"},
		{To: UnifiedE164, From: "/phone_number"},
		{To: UnifiedNational, From: "/national_format"},
		{To: UnifiedLineType, From: "/line_type_intelligence/type", Values: map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "tollFree": "toll_free", "fixedVoip": "voip",
			"nonFixedVoip": "voip", "personal": "personal", "premium": "premium_rate", "voicemail": "voicemail",
			"sharedCost": "shared_cost", "uan": "uan", "pager": "pager", "unknown": "unknown",
		}},
		{To: UnifiedCarrier, From: "/line_type_intelligence/carrier_name"},
		{To: UnifiedCarrier, From: "/sim_swap/carrier_name"},
		{To: UnifiedMCC, From: "/line_type_intelligence/mobile_country_code"},
		{To: UnifiedMCC, From: "/sim_swap/mobile_country_code"},
		{To: UnifiedMNC, From: "/line_type_intelligence/mobile_network_code"},
		{To: UnifiedMNC, From: "/sim_swap/mobile_network_code"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCallerName, From: "/caller_name/caller_name"},
		{To: UnifiedCallerType, From: "/caller_name/caller_type", Values: twilioCallerTypes()},
		{To: UnifiedRiskScore, From: "/sms_pumping_risk/sms_pumping_risk_score"},
		{To: UnifiedActive, From: "/line_status/status", Values: map[string]string{"active": "true", "inactive": "false"}},
	}
}

func twilioV1Fields() []Field {
	return join(
		fields(Validity, "/phone_number", "/national_format"),
		fields(LineType, "/carrier/type"),
		fields(Carrier, "/carrier/name", "/carrier/mobile_country_code", "/carrier/mobile_network_code"),
		fields(Location, "/country_code"),
		fields(Identity, "/caller_name/caller_name", "/caller_name/caller_type"),
		fields(Risk, "/fraud"),
		fields(Envelope, "/carrier/error_code", "/caller_name/error_code"),
		fields(Never, "/url", "/add_ons/status", "/add_ons/code", "/add_ons/message"),
	)
}

// twilioV1Unified has no "valid": what is not valid is not found.
func twilioV1Unified() []Mapping {
	return []Mapping{
		{To: UnifiedE164, From: "/phone_number"},
		{To: UnifiedNational, From: "/national_format"},
		{To: UnifiedLineType, From: "/carrier/type", Values: map[string]string{
			"mobile": "mobile", "landline": "fixed_line", "voip": "voip",
		}},
		{To: UnifiedCarrier, From: "/carrier/name"},
		{To: UnifiedMCC, From: "/carrier/mobile_country_code"},
		{To: UnifiedMNC, From: "/carrier/mobile_network_code"},
		{To: UnifiedCountry, From: "/country_code"},
		{To: UnifiedCallerName, From: "/caller_name/caller_name"},
		{To: UnifiedCallerType, From: "/caller_name/caller_type", Values: twilioCallerTypes()},
	}
}

func twilioCallerTypes() map[string]string {
	return map[string]string{"BUSINESS": "business", "CONSUMER": "consumer"}
}
