package quota

import (
	"testing"
	"time"
)

func TestRatesAreRead(t *testing.T) {
	tests := []struct {
		text string
		want Rate
		back string
	}{
		{"10/s", Rate{10, time.Second}, "10/s"},
		{"10/m", Rate{10, time.Minute}, "10/m"},
		{"10/h", Rate{10, time.Hour}, "10/h"},
		{"10/d", Rate{10, 24 * time.Hour}, "10/d"},
		{"100/15m", Rate{100, 15 * time.Minute}, "100/15m"},
		{"1/90s", Rate{1, 90 * time.Second}, "1/90s"},
		{"5/60m", Rate{5, time.Hour}, "5/h"},
		{"5/24h", Rate{5, 24 * time.Hour}, "5/d"},
		{"1/366d", Rate{1, 366 * 24 * time.Hour}, "1/366d"},
		{"1000000000/s", Rate{1_000_000_000, time.Second}, "1000000000/s"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseRate(tt.text)
			if err != nil || got != tt.want {
				t.Fatalf("got %v, %v; want %v", got, err, tt.want)
			}
			if got.String() != tt.back {
				t.Errorf("written back as %q, want %q", got.String(), tt.back)
			}
		})
	}
}

func TestUnclearRatesAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "10", "/", "10/", "/h", "0/h", "-1/h", "+1/h", "1.5/h", "010/h", "10/0m", "10/1h30m", "10/w",
		"10/H", "10/ms", "10/500ms", "10 /h", "10/ h", "10/h/m", "10/367d", "1000000001/s",
		"99999999999999999999/s", "1/99999999999999999999s", "1e3/h", "١/h",
	} {
		t.Run(text, func(t *testing.T) {
			if got, err := ParseRate(text); err == nil {
				t.Errorf("read as %v", got)
			}
		})
	}
}

func FuzzParseRate(f *testing.F) {
	for _, text := range []string{"10/h", "100/15m", "1/366d", "0/h", "x", "10/1h30m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := ParseRate(text)
		if err != nil {
			return
		}
		if err := rate.check(); err != nil {
			t.Fatalf("%q was read as %v: %v", text, rate, err)
		}
		again, err := ParseRate(rate.String())
		if err != nil || again != rate {
			t.Fatalf("%q was read as %v, and that as %v, %v", text, rate, again, err)
		}
	})
}
