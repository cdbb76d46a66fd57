package phone

import (
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// maxCode is the greatest country calling code.
const maxCode = 999

// atlas holds the numbering plans of the world. They are compiled when first
// needed and shared by all parsers of the process, so a config reload costs
// nothing. Its size is bounded by the metadata.
type atlas struct {
	plans [maxCode + 1]func() (*plan, error) // nil: the code does not exist
	homes map[[2]byte]func() (*home, error)  // by region in upper case
}

var world = sync.OnceValue(newAtlas)

func newAtlas() *atlas {
	byRegion, byCode := metadata()
	a := &atlas{homes: make(map[[2]byte]func() (*home, error), len(byRegion))}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		var regions []*phonenumbers.PhoneMetadata
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			if meta := byRegion[region]; meta != nil {
				regions = append(regions, meta)
			} else if meta := byCode[code]; region == nonGeographic && meta != nil {
				regions = append(regions, meta)
			}
		}
		if code > 0 && code <= maxCode && len(regions) > 0 {
			a.plans[code] = sync.OnceValues(func() (*plan, error) { return newPlan(code, regions) })
		}
	}
	for region, meta := range byRegion {
		a.homes[regionKey(region)] = sync.OnceValues(func() (*home, error) { return newHome(meta) })
	}
	return a
}

// metadata sorts the library's metadata by region, and that of numbers without
// a country by calling code.
func metadata() (byRegion map[string]*phonenumbers.PhoneMetadata, byCode map[int]*phonenumbers.PhoneMetadata) {
	byRegion = make(map[string]*phonenumbers.PhoneMetadata)
	byCode = make(map[int]*phonenumbers.PhoneMetadata)
	// The error is that of unpacking the embedded data, at which the library's
	// own start would have panicked.
	collection, _ := phonenumbers.MetadataCollection()
	for _, meta := range collection.GetMetadata() {
		if meta.GetId() == nonGeographic {
			byCode[int(meta.GetCountryCode())] = meta
		} else if isRegion(meta.GetId()) {
			byRegion[meta.GetId()] = meta
		}
	}
	return byRegion, byCode
}

// regionKey is a region in upper case; it is zero for what has another length.
func regionKey(region string) [2]byte {
	if len(region) != 2 {
		return [2]byte{}
	}
	return [2]byte{upper(region[0]), upper(region[1])}
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
