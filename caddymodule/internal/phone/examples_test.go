package phone

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

func callingCode(meta *phonenumbers.PhoneMetadata) string {
	return strconv.Itoa(int(meta.GetCountryCode()))
}

// examples are the example numbers of a region, one a type.
func examples(meta *phonenumbers.PhoneMetadata) []string {
	var found []string
	for _, desc := range []*phonenumbers.PhoneNumberDesc{
		meta.GetFixedLine(), meta.GetMobile(), meta.GetTollFree(), meta.GetPremiumRate(), meta.GetSharedCost(),
		meta.GetVoip(), meta.GetPersonalNumber(), meta.GetPager(), meta.GetUan(), meta.GetVoicemail(),
	} {
		if example := desc.GetExampleNumber(); example != "" {
			found = append(found, example)
		}
	}
	return found
}

// neighbours are a number, all numbers that differ in one digit, and numbers
// that are a little longer or shorter.
func neighbours(number string) []string {
	found := []string{number, number + "0", number + "12", number[1:], number[:len(number)-1], number[:len(number)/2], "0" + number, "00" + number}
	for i := range number {
		for d := byte('0'); d <= '9'; d++ {
			if d != number[i] {
				found = append(found, number[:i]+string(d)+number[i+1:])
			}
		}
	}
	return found
}
