package demo

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// Sinch Number Lookup takes an access token, which the same server gives out,
// or the key itself by HTTP Basic.
var _ = imitateEach("sinch", func(now clock) protocol {
	tokens := &sinchTokens{tokens: map[string]sinchToken{}}
	return protocol{
		verify: func(r *http.Request, _ []byte, keys []string) (string, bool) {
			if token := bearer(r); token != "" && r.URL.Path != sinchTokenPath {
				return token, tokens.good(token, keys, now())
			}
			pair := basicPair(r)
			return pair, isKey(pair, keys)
		},
		answer: func(in inquiry) reply {
			if in.URL.Path == sinchTokenPath {
				return tokens.answer(in)
			}
			return sinchAnswer(in)
		},
		newKey: func() (string, error) { return randomUUID() + ":" + randomHex(13), nil },
		documented: map[string]reply{
			"locked":     sinchError(http.StatusPaymentRequired, "Account Locked"),
			"forbidden":  sinchError(http.StatusForbidden, "Forbidden"),
			"not_found":  sinchError(http.StatusNotFound, "Not Found"),
			"rate_limit": sinchError(http.StatusTooManyRequests, "Too Many Requests"),
			"internal":   sinchError(http.StatusInternalServerError, "Internal Server Error"),
		},
	}
})

const sinchTokenPath = "/oauth2/token"

var sinchPath = regexp.MustCompile(`^/v2/projects/[^/]+/lookups$`)

func sinchError(status int, title string) reply {
	answer := jsonReply(status, map[string]any{"type": "about:blank", "title": title, "status": status, "traceId": randomHex(16)})
	answer.header.Set("Content-Type", "application/problem+json")
	return answer
}

// sinchRequest is the body of a request.
type sinchRequest struct {
	Number   string   `json:"number"`
	Features []string `json:"features"`
	RND      *struct {
		ContactDate string `json:"contactDate"`
	} `json:"rndFeatureOptions"`
}

// sinchResponse holds null for features that were not asked for.
type sinchResponse struct {
	Line        map[string]any `json:"line"`
	SimSwap     map[string]any `json:"simSwap"`
	VoIP        map[string]any `json:"voIPDetection"`
	RND         map[string]any `json:"rnd"`
	CountryCode string         `json:"countryCode"`
	TraceID     string         `json:"traceId"`
	Number      string         `json:"number"`
}

func sinchAnswer(in inquiry) reply {
	var asked sinchRequest
	switch {
	case !sinchPath.MatchString(in.URL.Path):
		return sinchError(http.StatusNotFound, "Not Found")
	case in.Method != http.MethodPost:
		return sinchError(http.StatusMethodNotAllowed, "Method Not Allowed")
	case !in.accepted:
		return sinchError(http.StatusUnauthorized, "Unauthorized")
	case json.Unmarshal(in.body, &asked) != nil || !strings.HasPrefix(asked.Number, "+"):
		return sinchError(http.StatusBadRequest, "Bad Request")
	}
	f := factsOf(asked.Number, "")
	if !f.valid {
		return sinchError(http.StatusBadRequest, "Bad Request")
	}
	if len(asked.Features) == 0 {
		asked.Features = []string{"LineType"}
	}
	answer := sinchResponse{CountryCode: f.region, TraceID: randomHex(16), Number: f.e164}
	for _, feature := range asked.Features {
		if !answer.add(feature, f, asked) {
			return sinchError(http.StatusBadRequest, "Bad Request")
		}
	}
	return jsonReply(http.StatusOK, answer)
}

// add answers one feature; false for one that is unknown or lacks its options.
func (a *sinchResponse) add(feature string, f facts, asked sinchRequest) bool {
	kind := sinchLineType(f.kind)
	switch feature {
	case "LineType":
		a.Line = map[string]any{
			"carrier": nil, "type": kind, "mobileCountryCode": nil, "mobileNetworkCode": nil,
			"ported": false, "portingDate": nil, "error": nil,
		}
		if f.carrier != "" {
			a.Line["carrier"], a.Line["mobileCountryCode"], a.Line["mobileNetworkCode"] = f.carrier, "310", "260"
		}
	case "SimSwap":
		a.SimSwap = map[string]any{"swapped": false, "swapPeriod": "SP24H", "error": nil}
		if kind != "Mobile" {
			a.SimSwap = map[string]any{"swapped": nil, "swapPeriod": nil, "error": map[string]any{
				"status": 100, "title": "Feature Disabled", "detail": "SimSwap feature is currently disabled.", "type": nil,
			}}
		}
	case "VoIPDetection":
		a.VoIP = map[string]any{"probability": "Low", "error": nil}
		if kind == "VoIP" {
			a.VoIP["probability"] = "High"
		}
	case "RND":
		if asked.RND == nil {
			return false
		}
		_, err := time.Parse(time.DateOnly, asked.RND.ContactDate)
		a.RND = map[string]any{"disconnected": false, "error": nil}
		return err == nil
	}
	return slices.Contains([]string{"LineType", "SimSwap", "VoIPDetection"}, feature)
}

func sinchLineType(kind phonenumbers.PhoneNumberType) string {
	switch kind {
	case phonenumbers.FIXED_LINE:
		return "Landline"
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return "Mobile"
	case phonenumbers.VOIP:
		return "VoIP"
	case phonenumbers.TOLL_FREE:
		return "Freephone"
	}
	return "Other"
}
