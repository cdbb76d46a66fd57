package caddymodule

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Places in which providers take a credential, this one's or another's.
var (
	credentialHeaders = []string{
		"Authorization", "Proxy-Authorization", "Cookie", "Apikey", "X-Api-Key", "X_api_key", "Api-Key", "User-Id", "Ipqs-Key",
		"X-Rapidapi-Key", "X-Rapidapi-Host", "X-Ts-Auth-Method", "X-Ts-Nonce", "X-Ts-Date", "Date", "Twilio-Client-Validation",
	}
	credentialParams = []string{"key", "apikey", "api_key", "api_secret", "access_key", "access_token", "token", "callback", "notifyUrl"}
)

// TestNoSlotSmugglesACredential: whatever a caller puts where some provider
// takes credentials, the provider gets Ringward's alone.
func TestNoSlotSmugglesACredential(t *testing.T) {
	const smuggled = "smuggled-credential"
	for _, preset := range provider.Names() {
		t.Run(preset, func(t *testing.T) {
			samples := presetSamples(t, preset)
			p := newPresetStage(t, preset, samples[:1])
			try := func(where string, change func(header func(name, value string), query url.Values)) {
				t.Helper()
				p.record.Reset()
				got := p.askWith(samples[0], change)
				if strings.Contains(p.record.String(), smuggled) || strings.Contains(p.record.String(), encodedSmuggled) {
					t.Errorf("%s reached the provider", where)
				}
				if strings.Contains(got.body, smuggled) {
					t.Errorf("%s was repeated in the answer %s", where, got.body)
				}
			}
			for _, name := range credentialHeaders {
				for _, value := range []string{smuggled, "Bearer " + smuggled, "Basic " + encodedSmuggled, "key=" + smuggled} {
					try(name, func(header func(name, value string), _ url.Values) { header(name, value) })
				}
			}
			for _, name := range credentialParams {
				try(name, func(_ func(name, value string), query url.Values) { query.Set(name, smuggled) })
			}
			// The walk was open all the same.
			p.record.Reset()
			p.ask(samples[0], samples[0].name, "full")
			if p.record.String() == "" {
				t.Error("the plain request did not reach the provider: the test says nothing")
			}
		})
	}
}

var encodedSmuggled = base64.StdEncoding.EncodeToString([]byte("user:smuggled-credential"))
