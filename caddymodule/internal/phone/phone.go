// Package phone reads the numbers that callers send, checks them against a
// policy and writes them in one canonical form.
//
// Input is read strictly: what a human might have meant is not guessed, because
// a number that is read wrongly is a paid lookup of somebody else. What a number
// is (its region, its type, whether it is valid) follows Google's
// libphonenumber metadata, in the port github.com/nyaruka/phonenumbers. Most
// numbers are decided by automata that are compiled from that metadata; whatever
// needs the library's rules for prefixes goes through the library itself. Both
// ways give the same result, which a fuzz test holds.
//
// Nothing in here keeps a number: there is no cache.
package phone

// Input is one number as a caller sent it.
type Input struct {
	// Raw is the text, as decoded from the request.
	Raw string

	// Region is the ISO 3166-1 alpha-2 region that the request itself names,
	// in either case; empty for none. A number in national form is read in it.
	// It has no influence on a number with "+", but must be known all the same.
	Region string

	// BareInternational says that digits without "+" and without Region are a
	// full international number. It goes before the policy's DefaultRegion.
	BareInternational bool
}

// Number is a number that a Parser accepted. It is immutable and comparable.
// Formatting, logging or marshalling it gives a placeholder; the digits leave
// through E164, Digits and National only. The zero Number is no number: its
// texts are empty.
type Number struct {
	e164     string
	region   string
	national uint8 // index in e164 of the national significant number
	kind     kind
	code     uint16
}

// E164 is the canonical form, as in "+14158586273".
func (n Number) E164() string { return n.e164 }

// Digits is the canonical form without "+", as in "14158586273".
func (n Number) Digits() string {
	if n.e164 == "" {
		return ""
	}
	return n.e164[1:]
}

// National is the national significant number, as in "4158586273". Zeros that
// belong to it, as in Italy, are kept.
func (n Number) National() string { return n.e164[n.national:] }

// CountryCode is the country calling code, as in 1.
func (n Number) CountryCode() int { return int(n.code) }

// Region is the ISO 3166-1 alpha-2 region of the number, "001" for numbers that
// belong to no country, and empty where a number that is merely possible cannot
// be told among the regions that share its calling code.
func (n Number) Region() string { return n.region }

// Type is the type of the number in the words of Types, as in "mobile". A number
// that is possible but not valid is "unknown".
func (n Number) Type() string { return n.kind.String() }
