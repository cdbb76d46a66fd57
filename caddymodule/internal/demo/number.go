package demo

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// facts is what libphonenumber's data tells about a number. Texts are empty
// where it tells nothing; all but digits are where the number is not valid.
type facts struct {
	valid    bool
	e164     string // with "+"
	code     string // country calling code, with "+"
	local    string // digits as dialed within the country
	region   string // ISO 3166-1 alpha-2
	country  string // English name of region
	location string // English, empty if no finer than the country
	carrier  string
	zone     string // IANA name of the first time zone
	kind     phonenumbers.PhoneNumberType
}

// whiteHouse is a public landline of the numbering plan of North America,
// which does not tell landlines from mobiles: without one known landline no
// answer about a landline could be seen there.
const whiteHouse = "+12024561414"

// Warm loads the numbering plan's data, which otherwise makes the first answer
// slow.
func Warm() { factsOf(whiteHouse, "US") }

// factsOf looks a number up. A number without "+" needs its region.
func factsOf(number, region string) facts {
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return facts{kind: phonenumbers.UNKNOWN}
	}
	f := facts{
		valid:  true,
		e164:   phonenumbers.Format(parsed, phonenumbers.E164),
		local:  phonenumbers.NormalizeDigitsOnly(phonenumbers.Format(parsed, phonenumbers.NATIONAL)),
		region: phonenumbers.GetRegionCodeForNumber(parsed),
		kind:   phonenumbers.GetNumberType(parsed),
	}
	f.code = strings.TrimSuffix(f.e164, phonenumbers.GetNationalSignificantNumber(parsed))
	f.country = countryName(f.region)
	if f.country == "" {
		f.region = "" // "001": a number of no country
	}
	// The data is embedded; where it has nothing the texts stay empty.
	f.carrier, _ = phonenumbers.GetCarrierForNumber(parsed, "en")
	if place, err := phonenumbers.GetGeocodingForNumber(parsed, "en"); err == nil && !isCountry(place, f.region) {
		f.location = place
	}
	if zones, err := phonenumbers.GetTimezonesForNumber(parsed); err == nil && len(zones) > 0 && zones[0] != phonenumbers.UNKNOWN_TIMEZONE {
		f.zone = zones[0]
	}
	if f.e164 == whiteHouse {
		f.kind = phonenumbers.FIXED_LINE
	}
	return f
}

// nationalFormat writes a number as people of its country do; empty for an
// invalid one.
func nationalFormat(f facts) string {
	parsed, err := phonenumbers.Parse(f.e164, "")
	if err != nil {
		return ""
	}
	return phonenumbers.Format(parsed, phonenumbers.NATIONAL)
}

// isCountry reports whether a place is only the name of the country itself,
// which is what the geocoder says where it knows no more.
func isCountry(place, region string) bool {
	r, err := language.ParseRegion(region)
	return err != nil || place == display.English.Regions().Name(r)
}

// countryName returns the English name of a region, empty for none.
func countryName(region string) string {
	if region == "US" {
		return "United States of America" // the documented spelling
	}
	r, err := language.ParseRegion(region)
	if err != nil || !r.IsCountry() {
		return ""
	}
	return display.English.Regions().Name(r)
}

// iso3 returns the three letters of a region; empty for none.
func iso3(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return ""
	}
	return region.ISO3()
}

// regions lists the regions that have phone numbers, sorted.
func regions() []string {
	var list []string
	for region := range phonenumbers.GetSupportedRegions() {
		list = append(list, region)
	}
	slices.Sort(list)
	return list
}

// onlyDigits reports whether a text is not empty and all ASCII digits.
func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
