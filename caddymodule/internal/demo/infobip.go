package demo

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Infobip looks up a batch of numbers; each result has a status and an error
// of its own.
var _ = imitate("infobip", protocol{
	credential: func(r *http.Request) string {
		if key := authorization(r, "App"); key != "" {
			return key
		}
		return authorization(r, "IBSSO") // the token of a session
	},
	answer: infobipAnswer,
	newKey: func() (string, error) { return randomHex(16) + "-" + randomUUID(), nil },
	documented: map[string]reply{
		"forbidden":  infobipError(http.StatusForbidden, "FORBIDDEN", "Forbidden"),
		"rate_limit": infobipError(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests"),
		"internal":   infobipError(http.StatusInternalServerError, "GENERAL_ERROR", "Something went wrong. Please contact support."),
	},
})

// infobipMax is how many numbers one request may hold.
const infobipMax = 1000

func infobipError(status int, id, text string) reply {
	return jsonReply(status, map[string]any{
		"requestError": map[string]any{"serviceException": map[string]any{"messageId": id, "text": text}},
	})
}

func infobipAnswer(in inquiry) reply {
	var asked struct {
		To []string `json:"to"`
	}
	switch {
	case in.URL.Path != "/number/1/query" || in.Method != http.MethodPost:
		return infobipError(http.StatusNotFound, "NOT_FOUND", "Not found") // what the real one says here is not documented
	case !in.accepted:
		return infobipError(http.StatusUnauthorized, "UNAUTHORIZED", "Unauthorized")
	case json.Unmarshal(in.body, &asked) != nil || len(asked.To) == 0 || len(asked.To) > infobipMax:
		return infobipError(http.StatusBadRequest, "BAD_REQUEST", "Bad request")
	}
	results := make([]map[string]any, len(asked.To))
	for i, number := range asked.To {
		results[i] = infobipResult(number)
	}
	return jsonReply(http.StatusOK, map[string]any{"results": results, "bulkId": randomUUID()})
}

// infobipResult looks up one number. The codes are of the vendor's list of
// statuses and errors.
func infobipResult(number string) map[string]any {
	f := factsOf("+"+strings.TrimPrefix(number, "+"), "")
	if f.kind != phonenumbers.MOBILE && f.kind != phonenumbers.FIXED_LINE_OR_MOBILE { // others have no home register
		return map[string]any{
			"to": number,
			"status": map[string]any{
				"groupId": 2, "groupName": "UNDELIVERABLE", "id": 9, "name": "UNDELIVERABLE_NOT_DELIVERED",
				"description": "Message sent not delivered",
			},
			"error": map[string]any{
				"groupId": 1, "groupName": "HANDSET_ERRORS", "id": 1, "name": "EC_UNKNOWN_SUBSCRIBER",
				"description": "Unknown Subscriber", "permanent": true,
			},
		}
	}
	return map[string]any{
		"to": number, "mccMnc": "22801", "imsi": "228011234567890", "servingMSC": "41001",
		"originalNetwork": map[string]any{
			"networkName": f.carrier, "networkPrefix": f.local[:2], "countryName": f.country,
			"countryPrefix": strings.TrimPrefix(f.code, "+"), "networkId": 123,
		},
		"ported": false, "roaming": false,
		"status": map[string]any{
			"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET",
			"description": "Message delivered to handset",
		},
		"error": map[string]any{
			"groupId": 0, "groupName": "Ok", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": false,
		},
	}
}
