package provider

// Class is a data class: a group of response fields that a caller may be
// allowed to see.
type Class string

// The data classes.
const (
	Validity    Class = "validity"
	LineType    Class = "line_type"
	Carrier     Class = "carrier"
	Portability Class = "portability"
	Location    Class = "location"
	Identity    Class = "identity"
	Risk        Class = "risk"
	Messaging   Class = "messaging"
	Account     Class = "account"

	// Envelope marks fields that say nothing about the number but without
	// which a client cannot read the answer. They are always released.
	Envelope Class = "envelope"

	// Never marks documented fields that are never released, such as balances
	// and prices. Naming them by pointer in a config is an error.
	Never Class = "never"
)

// Classes lists the data classes that a config may release.
func Classes() []Class {
	return []Class{Validity, LineType, Carrier, Portability, Location, Identity, Risk, Messaging, Account}
}

// DefaultRelease is what a caller sees with nothing configured.
func DefaultRelease() []Class { return []Class{Validity, LineType} }

// Field puts one response field into a data class.
type Field struct {
	// Pointer is a JSON pointer (RFC 6901) to a scalar. A segment "*" stands
	// for every element of an array or every member of an object. Objects and
	// arrays at the pointer's end are not released.
	Pointer string `json:"pointer,omitempty"`
	Class   Class  `json:"class,omitempty"`
}

// UnifiedField is a field of a unified answer, which looks the same whichever
// provider gave it.
type UnifiedField string

// The unified fields.
const (
	UnifiedValid           UnifiedField = "valid"               // boolean
	UnifiedE164            UnifiedField = "e164"                // "+" and digits
	UnifiedNational        UnifiedField = "national_format"     // as people write it
	UnifiedLineType        UnifiedField = "line_type"           // one of LineTypes
	UnifiedCarrier         UnifiedField = "carrier"             // the network's or company's name
	UnifiedMCC             UnifiedField = "mobile_country_code" // digits
	UnifiedMNC             UnifiedField = "mobile_network_code" // digits
	UnifiedPorted          UnifiedField = "ported"              // boolean
	UnifiedPortedDate      UnifiedField = "ported_date"         // as the provider writes it
	UnifiedOriginalCarrier UnifiedField = "original_carrier"    // the one before porting
	UnifiedCountry         UnifiedField = "country"             // ISO 3166-1 alpha-2
	UnifiedCountryName     UnifiedField = "country_name"        // English
	UnifiedLocation        UnifiedField = "location"            // region or place, as the provider tells it
	UnifiedCity            UnifiedField = "city"
	UnifiedTimeZone        UnifiedField = "time_zone" // IANA name
	UnifiedCallerName      UnifiedField = "caller_name"
	UnifiedCallerType      UnifiedField = "caller_type" // business or consumer
	UnifiedRiskScore       UnifiedField = "risk_score"  // number, on the provider's scale
	UnifiedRiskLevel       UnifiedField = "risk_level"  // the provider's word, in lower case
	UnifiedPrepaid         UnifiedField = "prepaid"     // boolean
	UnifiedActive          UnifiedField = "active"      // boolean: the line is in service
	UnifiedRoaming         UnifiedField = "roaming"     // boolean
	UnifiedSMS             UnifiedField = "sms"         // boolean: can receive text messages
)

// UnifiedKind is the JSON type of a unified field.
type UnifiedKind string

// The kinds of unified fields.
const (
	UnifiedText    UnifiedKind = "string"
	UnifiedBoolean UnifiedKind = "boolean"
	UnifiedNumber  UnifiedKind = "number"
	UnifiedEnum    UnifiedKind = "enum"
)

// UnifiedDescription describes a unified field.
type UnifiedDescription struct {
	Field UnifiedField
	Class Class // the class that a caller needs, and of the field it comes from
	Kind  UnifiedKind
	Enum  []string // of UnifiedEnum
}

// UnifiedFields lists the unified fields, in the order in which they are written.
func UnifiedFields() []UnifiedDescription {
	return []UnifiedDescription{
		{UnifiedValid, Validity, UnifiedBoolean, nil},
		{UnifiedE164, Validity, UnifiedText, nil},
		{UnifiedNational, Validity, UnifiedText, nil},
		{UnifiedLineType, LineType, UnifiedEnum, LineTypes()},
		{UnifiedCarrier, Carrier, UnifiedText, nil},
		{UnifiedMCC, Carrier, UnifiedText, nil},
		{UnifiedMNC, Carrier, UnifiedText, nil},
		{UnifiedPorted, Portability, UnifiedBoolean, nil},
		{UnifiedPortedDate, Portability, UnifiedText, nil},
		{UnifiedOriginalCarrier, Portability, UnifiedText, nil},
		{UnifiedCountry, Location, UnifiedText, nil},
		{UnifiedCountryName, Location, UnifiedText, nil},
		{UnifiedLocation, Location, UnifiedText, nil},
		{UnifiedCity, Location, UnifiedText, nil},
		{UnifiedTimeZone, Location, UnifiedText, nil},
		{UnifiedCallerName, Identity, UnifiedText, nil},
		{UnifiedCallerType, Identity, UnifiedEnum, []string{"business", "consumer", "unknown"}},
		{UnifiedRiskScore, Risk, UnifiedNumber, nil},
		{UnifiedRiskLevel, Risk, UnifiedText, nil},
		{UnifiedPrepaid, Risk, UnifiedBoolean, nil},
		{UnifiedActive, Risk, UnifiedBoolean, nil},
		{UnifiedRoaming, Risk, UnifiedBoolean, nil},
		{UnifiedSMS, Messaging, UnifiedBoolean, nil},
	}
}

// LineTypes lists the line types of unified answers. "other" is a type that the
// provider names and this list does not; "unknown" is what the provider itself
// does not know.
func LineTypes() []string {
	return []string{
		"mobile", "fixed_line", "fixed_or_mobile", "voip", "toll_free", "premium_rate", "shared_cost",
		"personal", "pager", "uan", "voicemail", "other", "unknown",
	}
}

// Mapping says where a unified field comes from. Where several mappings give
// the same field, the first whose pointer holds something other than null and
// an empty string wins.
type Mapping struct {
	To   UnifiedField `json:"to,omitempty"`
	From string       `json:"from,omitempty"` // a pointer of Operation.Fields, of the class of To

	// Values translates the provider's texts; numbers and booleans are known by
	// their JSON text. Empty means that the text is taken as it is, which for
	// an enum means that it is one of its values already. A text that is not
	// here becomes "other" for line types, "unknown" for other enums, is left
	// out for booleans, and stays as it is for texts. A text that becomes empty
	// is left out.
	Values map[string]string `json:"values,omitempty"`
}
