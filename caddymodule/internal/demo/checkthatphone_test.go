package demo

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"
)

var bearerHeader = http.Header{"Authorization": {"Bearer " + testKey}, "Content-Type": {"application/json"}}

// The documented fields: those of every answer, and those that a request has
// to ask for.
var (
	ctpAlways = []string{
		"subscriber", "optDate", "action", "deliverable", "reason", "nanpType", "blackList", "smsEligible", "doNotSms",
		"deactivationDate", "ipResult", "dip", "dipLrn", "dipPorted", "dipOcn", "dipCarrier", "dipCarrierSubType",
		"dipCarrierType", "dipMessagingLookup", "dipMessagingEnabled", "geoCountry", "geoState", "geoCity", "geoMetro",
		"geoSource", "timezone", "tzOffset", "error",
	}
	ctpLitigatorFields  = []string{"litigator", "litigator_type", "litigator_name"}
	ctpMessagingFields  = []string{"dipMessagingProvider", "dipMessagingRefId", "dipMessagingCountryCode"}
	ctpStateFields      = []string{"dncStateChecked", "dncStateResult", "dncStateCovered", "dncOtherChecked"}
	ctpComplainerFields = []string{"dncComplainerChecked", "dncComplainerResult", "dncOtherChecked"}
)

func TestCheckThatPhoneAnswersAsDocumented(t *testing.T) {
	landline := whiteHouse[2:]
	cases := map[string]struct {
		body    string
		credits float64
		extra   [][]string
		want    map[string]any
	}{
		"mobile": {`{"phone":"4158586273"}`, 1, nil, map[string]any{
			"subscriber": "4158586273", "action": "send", "deliverable": "true", "reason": "", "nanpType": "mobile",
			"blackList": "false", "smsEligible": "true", "doNotSms": "false", "dip": "success", "dipLrn": "4158586273",
			"dipPorted": "false", "dipCarrier": "unknown", "dipCarrierSubType": "WIRELESS", "dipCarrierType": "mobile",
			"geoCountry": "US", "geoState": "CA", "geoCity": "", "geoSource": "area-code", "geoMetro": 0.0,
			"timezone": "America/Los_Angeles", "tzOffset": 8.0, "ipResult": "", "error": "false",
		}},
		"any format": {`{"phone":"+1 (415) 858-6273","ip":"192.0.2.1"}`, 1, nil, map[string]any{"subscriber": "4158586273", "ipResult": "valid-v4"}},
		"ip v6":      {`{"phone":"14158586273","ip":"2001:db8::1"}`, 1, nil, map[string]any{"subscriber": "4158586273", "ipResult": "valid-v6"}},
		"bad ip":     {`{"phone":"14158586273","ip":"x"}`, 1, nil, map[string]any{"ipResult": "invalid"}},
		"canada":     {`{"phone":"4165550100"}`, 1, nil, map[string]any{"geoCountry": "CA", "geoState": "ON", "timezone": "America/Toronto", "tzOffset": 5.0}},
		"landline": {`{"phone":"` + landline + `"}`, 1, nil, map[string]any{
			"nanpType": "landline", "dipCarrierType": "landline", "smsEligible": "false", "action": "unsubscribe",
			"deliverable": "true", "geoState": "DC", "dipMessagingLookup": "false",
		}},
		"toll-free":        {`{"phone":"8005550199"}`, 1, nil, map[string]any{"nanpType": "not-mobile", "deliverable": "true"}},
		"invalid number":   {`{"phone":"1155550123"}`, 1, nil, map[string]any{"deliverable": "false", "action": "unsubscribe", "nanpType": "INVALID", "geoCountry": "", "dipLrn": ""}},
		"other country":    {`{"phone":"8765550100"}`, 1, nil, map[string]any{"deliverable": "false", "geoCountry": "", "timezone": ""}},
		"eleven digits":    {`{"phone":"24158586273"}`, 1, nil, map[string]any{"deliverable": "false"}},
		"litigator":        {`{"phone":"4158586273","litigatorFilter":true}`, 2, [][]string{ctpLitigatorFields}, map[string]any{"litigator": "false", "litigator_name": "", "litigator_type": ""}},
		"sms, of a mobile": {`{"phone":"4158586273","landlineSmsLookup":true}`, 1, nil, map[string]any{"dipMessagingLookup": "false"}},
		"state list":       {`{"phone":"4158586273","dncState":true}`, 1, [][]string{ctpStateFields}, map[string]any{"dncStateChecked": "true", "dncStateResult": ""}},
		"complainer list":  {`{"phone":"4158586273","dncComplainer":true}`, 1, [][]string{ctpComplainerFields}, map[string]any{"dncComplainerChecked": "true"}},
		"older flag":       {`{"phone":"4158586273","dncOther":true}`, 1, [][]string{ctpStateFields, ctpComplainerFields}, nil},
		"everything": {
			`{"phone":"` + landline + `","litigatorFilter":true,"landlineSmsLookup":true,"dncState":true,"dncComplainer":true,"unknown":1}`, 3,
			[][]string{ctpLitigatorFields, ctpMessagingFields, ctpStateFields, ctpComplainerFields},
			map[string]any{"dipMessagingLookup": "true", "dipMessagingEnabled": "false"},
		},
	}
	_, _, client := startProvider(t, "checkthatphone", ServeOptions{})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := do(t, client, http.MethodPost, "https://api.example/v1/lookup", c.body, bearerHeader)
			if got.status != http.StatusOK || len(got.json) != 3 || got.json["success"] != true || got.json["credits_used"] != c.credits {
				t.Fatalf("got %d %q", got.status, got.body)
			}
			if used := got.header.Get("X-Credits-Used"); used != map[float64]string{1: "1", 2: "2", 3: "3"}[c.credits] {
				t.Errorf("got X-Credits-Used %q", used)
			}
			data, _ := got.json["data"].(map[string]any)
			want := slices.Concat(append(c.extra, ctpAlways)...)
			slices.Sort(want)
			if names := slices.Sorted(maps.Keys(data)); !slices.Equal(names, slices.Compact(want)) {
				t.Errorf("got fields %v", names)
			}
			wantFields(t, data, c.want)
			for name, value := range data {
				if _, isText := value.(string); !isText && name != "geoMetro" && name != "tzOffset" {
					t.Errorf("field %q is not a string", name)
				}
			}
			if when, err := time.Parse(time.RFC3339, data["optDate"].(string)); err != nil || time.Since(when).Abs() > time.Minute {
				t.Errorf("got optDate %v", data["optDate"])
			}
		})
	}
}

func TestCheckThatPhoneErrorsAsDocumented(t *testing.T) {
	const good = `{"phone":"4158586273"}`
	_, _, client := startProvider(t, "checkthatphone", ServeOptions{})
	for name, c := range map[string]struct {
		method, path, body, auth string
		status                   int
		message, detail          string
	}{
		"no key":            {"POST", "/v1/lookup", good, "", 401, "Unauthorized", ""},
		"wrong key":         {"POST", "/v1/lookup", good, "Bearer x", 401, "Unauthorized", ""},
		"wrong scheme":      {"POST", "/v1/lookup", good, "Basic " + testKey, 401, "Unauthorized", ""},
		"key alone":         {"POST", "/v1/lookup", good, testKey, 401, "Unauthorized", ""},
		"too few digits":    {"POST", "/v1/lookup", `{"phone":"123"}`, "Bearer " + testKey, 400, "Invalid request", "phone must be 10-11 digits"},
		"too many digits":   {"POST", "/v1/lookup", `{"phone":"123456789012"}`, "Bearer " + testKey, 400, "Invalid request", "phone must be 10-11 digits"},
		"no phone":          {"POST", "/v1/lookup", `{}`, "Bearer " + testKey, 400, "Invalid request", "phone must be 10-11 digits"},
		"phone no string":   {"POST", "/v1/lookup", `{"phone":4158586273}`, "Bearer " + testKey, 400, "Invalid request", "phone must be 10-11 digits"},
		"not json":          {"POST", "/v1/lookup", `phone=4158586273`, "Bearer " + testKey, 400, "Invalid request", "body must be a JSON object"},
		"empty body":        {"POST", "/v1/lookup", ``, "Bearer " + testKey, 400, "Invalid request", "body must be a JSON object"},
		"wrong method":      {"GET", "/v1/lookup", ``, "Bearer " + testKey, 405, "Method not allowed", ""},
		"undocumented path": {"POST", "/v1/validate", good, "Bearer " + testKey, 404, "Not found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := do(t, client, c.method, "https://api.example"+c.path, c.body, http.Header{"Authorization": {c.auth}})
			if got.status != c.status || got.json["error"] != c.message || len(got.json) != 2 {
				t.Fatalf("got %d %q", got.status, got.body)
			}
			if detail := got.json["detail"]; c.detail != "" && detail != c.detail {
				t.Errorf("got detail %q", detail)
			}
			if got.header.Get("X-Credits-Used") != "" {
				t.Error("a failed call cost credits")
			}
		})
	}
}
