package phone

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func BenchmarkParse(b *testing.B) {
	p := newParser(b, Policy{DefaultRegion: "US"})
	for _, bench := range []struct {
		name string
		in   Input
	}{
		{"e164_us", Input{Raw: sample}},
		{"e164_gb", Input{Raw: "+447400123456"}},
		{"e164_de", Input{Raw: "+4915123456789"}},
		{"e164_ca_shared", Input{Raw: "+15062345678"}},
		{"e164_vi_last_shared", Input{Raw: "+13406421234"}},
		{"e164_ar_empty_prefix", Input{Raw: "+541123456789"}},
		{"separators", Input{Raw: "+1 (415) 858-6273"}},
		{"national_us", Input{Raw: "(415) 858-6273"}},
		{"national_prefix_gb", Input{Raw: "020 7946 0000", Region: "GB"}},
		{"not_valid", Input{Raw: "+15555550100"}},
		{"syntax", Input{Raw: "+1415TESTING"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.Parse(bench.in)
			}
		})
	}
}

// BenchmarkLibrary is what the same answers cost by the library's functions.
func BenchmarkLibrary(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		number, err := phonenumbers.Parse(sample, "US")
		if err != nil || !phonenumbers.IsValidNumber(number) {
			b.Fatal("refused")
		}
		_ = phonenumbers.GetRegionCodeForNumber(number)
		_ = phonenumbers.GetNumberType(number)
		_ = phonenumbers.Format(number, phonenumbers.E164)
	}
}

// BenchmarkNewPlan is what preparing a calling code costs once a process.
func BenchmarkNewPlan(b *testing.B) {
	byRegion, _ := metadata()
	for name, regions := range map[string][]string{
		"us_and_24_others": phonenumbers.GetRegionCodesForCountryCode(1),
		"de":               {"DE"},
	} {
		var metas []*phonenumbers.PhoneMetadata
		for _, region := range regions {
			metas = append(metas, byRegion[region])
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := newPlan(1, metas); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
