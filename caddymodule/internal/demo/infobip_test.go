package demo

import (
	"net/http"
	"strings"
	"testing"
)

func TestInfobipAnswersEveryNumberOfABatch(t *testing.T) {
	_, _, client := startProvider(t, "infobip", ServeOptions{})
	got := ask(t, client, "POST", "/number/1/query", `{"to":["41793026727","`+whiteHouse[1:]+`","183155511",""]}`,
		jsonHeader("App "+keyOf(t, "infobip")), 200).json
	results, _ := got["results"].([]any)
	if len(results) != 4 || got["bulkId"] == nil {
		t.Fatalf("got %v", got)
	}
	for i, want := range []struct {
		to    string
		group float64
		error float64
	}{{"41793026727", 3, 0}, {whiteHouse[1:], 2, 1}, {"183155511", 2, 1}, {"", 2, 1}} {
		result := results[i].(map[string]any)
		if result["to"] != want.to || member(result, "status", "groupId") != want.group || member(result, "error", "groupId") != want.error {
			t.Errorf("result %d: got %v", i, result)
		}
	}
	wantFields(t, results[0].(map[string]any), map[string]any{"ported": false, "roaming": false, "servingMSC": "41001", "imsi": "228011234567890"})
}

func TestInfobipErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "infobip", ServeOptions{})
	const path, good = "/number/1/query", `{"to":["41793026727"]}`
	app, session := jsonHeader("App "+keyOf(t, "infobip")), jsonHeader("IBSSO "+keyOf(t, "infobip"))
	ask(t, client, "POST", path, good, session, 200)
	for title, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
		id                 string
	}{
		"no key":       {"POST", path, good, nil, 401, "UNAUTHORIZED"},
		"wrong key":    {"POST", path, good, jsonHeader("App x"), 401, "UNAUTHORIZED"},
		"wrong scheme": {"POST", path, good, jsonHeader("Bearer " + keyOf(t, "infobip")), 401, "UNAUTHORIZED"},
		"no numbers":   {"POST", path, `{"to":[]}`, app, 400, "BAD_REQUEST"},
		"not json":     {"POST", path, `x`, app, 400, "BAD_REQUEST"},
		"too many":     {"POST", path, `{"to":["1"` + strings.Repeat(`,"1"`, infobipMax) + `]}`, app, 400, "BAD_REQUEST"},
		"wrong method": {"GET", path, "", app, 404, "NOT_FOUND"},
		"double slash": {"POST", "/" + path, good, app, 404, "NOT_FOUND"},
	} {
		got := ask(t, client, c.method, c.path, c.body, c.header, c.status)
		if member(got.json, "requestError", "serviceException", "messageId") != c.id {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
