package caller

import (
	"testing"
	"time"
)

func TestExpiryIsADayOrAMoment(t *testing.T) {
	t.Parallel()
	for text, last := range map[string]string{
		"2027-01-31":                "2027-01-31T23:59:59Z",
		"2027-01-31T12:00:00Z":      "2027-01-31T11:59:59Z",
		"2027-01-31T12:00:00+02:00": "2027-01-31T09:59:59Z",
	} {
		e, err := ParseExpiry(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		moment, _ := time.Parse(time.RFC3339, last)
		if e.Passed(moment) || !e.Passed(moment.Add(time.Second)) {
			t.Errorf("%s: not valid to %s", text, last)
		}
		written, err := e.MarshalText()
		if back, err2 := ParseExpiry(string(written)); err != nil || err2 != nil || !time.Time(back).Equal(time.Time(e)) {
			t.Errorf("%s: came back as %s", text, written)
		}
	}
	for _, text := range []string{"", "never", "2027-02-30", "2027-1-31", "31.01.2027", "2027-01-31 12:00:00", "0001-01-01T00:00:00Z"} {
		if _, err := ParseExpiry(text); err == nil {
			t.Errorf("%q: accepted", text)
		}
	}
	if (Expiry{}).Passed(today.AddDate(1000, 0, 0)) {
		t.Error("no expiry has passed")
	}
}

func TestExpiredKeysAndCallersAreNotFound(t *testing.T) {
	t.Parallel()
	soon, later := Expiry(today.Add(time.Hour)), Expiry(today.Add(2*time.Hour))
	d, err := NewDirectory([]Caller[int]{
		{Name: "a", Keys: []Key{{DigestOf("old"), soon}, {DigestOf("new"), Expiry{}}}, Expires: later},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, key string
		after     time.Duration
		want      error
	}{
		{"before all", "old", time.Hour - 1, nil},
		{"the old key at its expiry", "old", time.Hour, ErrKeyExpired},
		{"the new key then", "new", time.Hour, nil},
		{"the caller at its expiry", "new", 2 * time.Hour, ErrCallerExpired},
	} {
		now := today.Add(test.after)
		c, id, err := d.Find(test.key, now)
		if err != test.want || (c != nil) != (err == nil) || id != DigestOf(test.key).KeyID() {
			t.Errorf("%s: got %v, %q, %v", test.name, c, id, err)
		}
		c, err = named(d, "a", now)
		if wantNamed := test.want == ErrCallerExpired; (err == ErrCallerExpired) != wantNamed || (c == nil) != wantNamed {
			t.Errorf("%s, by name: got %v, %v", test.name, c, err)
		}
	}
}

func TestCallerMayHaveNoKeyIfItIsKnownOtherwise(t *testing.T) {
	t.Parallel()
	d, err := NewDirectory([]Caller[int]{{Name: "a", Keyless: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := named(d, "a", today); err != nil {
		t.Error(err)
	}
}
