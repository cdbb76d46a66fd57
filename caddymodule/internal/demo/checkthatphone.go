package demo

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// CheckThatPhone looks up numbers of the US and Canada: one endpoint, a JSON
// body, and answers in which nearly everything is a string.
var _ = imitate("checkthatphone", protocol{
	credential: bearer,
	answer:     checkThatPhoneAnswer,
	documented: map[string]reply{
		"quota":      checkThatPhoneError(http.StatusPaymentRequired, "Quota exceeded", "monthly lookup limit reached"),
		"rate_limit": checkThatPhoneError(http.StatusTooManyRequests, "Rate limit exceeded", "too many requests per minute"),
		"upstream":   checkThatPhoneError(http.StatusBadGateway, "Upstream error", "carrier lookup failed"),
		"no_success": jsonReply(http.StatusOK, map[string]any{"success": false, "credits_used": 0, "data": map[string]any{}}),
	},
})

func checkThatPhoneError(status int, message, detail string) reply {
	return jsonReply(status, map[string]string{"error": message, "detail": detail})
}

// ctpRequest is the body of a request. Parameters it does not list are
// ignored.
type ctpRequest struct {
	Phone             any    `json:"phone"`
	IP                string `json:"ip"`
	LitigatorFilter   bool   `json:"litigatorFilter"`
	LandlineSMSLookup bool   `json:"landlineSmsLookup"`
	DNCState          bool   `json:"dncState"`
	DNCComplainer     bool   `json:"dncComplainer"`
	DNCOther          bool   `json:"dncOther"` // the older name of both
}

// ctpData are the documented fields. The groups at its end come only when the
// request asks for them.
type ctpData struct {
	Subscriber        string `json:"subscriber"`
	OptDate           string `json:"optDate"`
	Action            string `json:"action"`
	Deliverable       string `json:"deliverable"`
	Reason            string `json:"reason"`
	NANPType          string `json:"nanpType"`
	BlackList         string `json:"blackList"`
	SMSEligible       string `json:"smsEligible"`
	DoNotSMS          string `json:"doNotSms"`
	DeactivationDate  string `json:"deactivationDate"`
	IPResult          string `json:"ipResult"`
	DIP               string `json:"dip"`
	DIPLRN            string `json:"dipLrn"`
	DIPPorted         string `json:"dipPorted"`
	DIPOCN            string `json:"dipOcn"`
	DIPCarrier        string `json:"dipCarrier"`
	DIPCarrierSubType string `json:"dipCarrierSubType"`
	DIPCarrierType    string `json:"dipCarrierType"`
	DIPMessagingOn    string `json:"dipMessagingLookup"`
	DIPMessagingSMS   string `json:"dipMessagingEnabled"`
	GeoCountry        string `json:"geoCountry"`
	GeoState          string `json:"geoState"`
	GeoCity           string `json:"geoCity"`
	GeoMetro          int    `json:"geoMetro"`
	GeoSource         string `json:"geoSource"`
	Timezone          string `json:"timezone"`
	TZOffset          int    `json:"tzOffset"`
	Error             string `json:"error"`

	*ctpLitigator
	*ctpMessaging
	*ctpDNCState
	*ctpDNCComplainer
	*ctpDNCEither
}

type ctpLitigator struct {
	Litigator     string `json:"litigator"`
	LitigatorType string `json:"litigator_type"`
	LitigatorName string `json:"litigator_name"`
}

type ctpMessaging struct {
	Provider    string `json:"dipMessagingProvider"`
	RefID       string `json:"dipMessagingRefId"`
	CountryCode string `json:"dipMessagingCountryCode"`
}

type ctpDNCState struct {
	Checked string `json:"dncStateChecked"`
	Result  string `json:"dncStateResult"`
	Covered string `json:"dncStateCovered"`
}

type ctpDNCComplainer struct {
	Checked string `json:"dncComplainerChecked"`
	Result  string `json:"dncComplainerResult"`
}

type ctpDNCEither struct {
	Checked string `json:"dncOtherChecked"`
}

func checkThatPhoneAnswer(in inquiry) reply {
	switch {
	case in.URL.Path != "/v1/lookup":
		return checkThatPhoneError(http.StatusNotFound, "Not found", "no such endpoint")
	case in.Method != http.MethodPost:
		return checkThatPhoneError(http.StatusMethodNotAllowed, "Method not allowed", "use POST")
	case !in.accepted:
		return checkThatPhoneError(http.StatusUnauthorized, "Unauthorized", "missing or invalid API key")
	}
	var asked ctpRequest
	if json.Unmarshal(in.body, &asked) != nil {
		return checkThatPhoneError(http.StatusBadRequest, "Invalid request", "body must be a JSON object")
	}
	phone, _ := asked.Phone.(string)
	digits := ctpDigits(phone)
	if len(digits) != 10 && len(digits) != 11 {
		return checkThatPhoneError(http.StatusBadRequest, "Invalid request", "phone must be 10-11 digits")
	}
	data, credits := ctpLookup(digits, asked, in.now)
	answer := jsonReply(http.StatusOK, struct {
		Success     bool    `json:"success"`
		CreditsUsed int     `json:"credits_used"`
		Data        ctpData `json:"data"`
	}{true, credits, data})
	answer.header.Set("X-Credits-Used", strconv.Itoa(credits))
	return answer
}

// ctpDigits leaves the digits of a number.
func ctpDigits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
}

// ctpLookup answers a request and counts its credits.
func ctpLookup(digits string, asked ctpRequest, now time.Time) (ctpData, int) {
	f := factsOf(digits, "US")
	if f.region != "US" && f.region != "CA" {
		f = facts{kind: phonenumbers.UNKNOWN}
	}
	data := ctpFacts(f, now)
	data.Subscriber = digits[len(digits)-10:]
	data.IPResult = ctpIPResult(asked.IP)
	if f.valid {
		data.DIPLRN = data.Subscriber // the number routes itself: not ported
	}
	credits := 1
	if asked.LitigatorFilter {
		credits++
		data.ctpLitigator = &ctpLitigator{Litigator: "false"}
	}
	if asked.LandlineSMSLookup && data.NANPType == "landline" {
		credits++
		data.DIPMessagingOn = "true"
		data.ctpMessaging = &ctpMessaging{}
	}
	if asked.DNCState || asked.DNCOther {
		data.ctpDNCState = &ctpDNCState{Checked: "true", Covered: "true"}
		data.ctpDNCEither = &ctpDNCEither{"true"}
	}
	if asked.DNCComplainer || asked.DNCOther {
		data.ctpDNCComplainer = &ctpDNCComplainer{Checked: "true"}
		data.ctpDNCEither = &ctpDNCEither{"true"}
	}
	return data, credits
}

// ctpFacts fills the fields that every answer has. What no offline source
// knows stays empty or neutral.
func ctpFacts(f facts, now time.Time) ctpData {
	data := ctpData{
		OptDate: now.UTC().Format("2006-01-02T15:04:05.000Z"),
		Action:  "unsubscribe", Deliverable: "false", Reason: "Invalid number", NANPType: "INVALID",
		BlackList: "false", SMSEligible: "false", DoNotSMS: "false", DIP: "failed", DIPPorted: "false",
		DIPMessagingOn: "false", DIPMessagingSMS: "false", Error: "false",
	}
	if !f.valid {
		return data
	}
	data.Deliverable, data.DIP, data.DIPCarrier = "true", "success", "unknown"
	if f.carrier != "" {
		data.DIPCarrier = f.carrier
	}
	switch f.kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE: // as in the documented sample
		data.NANPType, data.DIPCarrierType, data.DIPCarrierSubType = "mobile", "mobile", "WIRELESS"
		data.Action, data.Reason, data.SMSEligible = "send", "", "true"
	case phonenumbers.FIXED_LINE:
		data.NANPType, data.DIPCarrierType, data.Reason = "landline", "landline", "Landline"
	default:
		data.NANPType, data.DIPCarrierType, data.Reason = "not-mobile", "unknown", "Not mobile"
	}
	data.GeoCountry, data.GeoSource = f.region, "area-code"
	data.GeoCity, data.GeoState = ctpPlace(f.location)
	data.Timezone, data.TZOffset = f.zone, hoursWest(f.zone, now)
	return data
}

func ctpIPResult(ip string) string {
	addr, err := netip.ParseAddr(ip)
	switch {
	case ip == "":
		return ""
	case err != nil:
		return "invalid"
	case addr.Is4():
		return "valid-v4"
	}
	return "valid-v6"
}

// ctpPlace splits a location, "Novato, CA" or "California", into the city and
// the two letters of the state.
func ctpPlace(location string) (city, state string) {
	if city, state, ok := strings.Cut(location, ", "); ok {
		return city, state
	}
	if code, ok := nanpStates[location]; ok {
		return "", code
	}
	return location, ""
}

// zoneCache keeps loaded time zones, by name: loading one reads a file. The
// names are libphonenumber's, so that it stays small.
var zoneCache sync.Map

// hoursWest returns how many hours a zone's standard time is behind UTC, the
// way in which this provider counts. It is 0 for a zone that is not known, as
// on systems without a time zone database.
func hoursWest(zone string, now time.Time) int {
	if zone == "" {
		return 0
	}
	cached, ok := zoneCache.Load(zone)
	if !ok {
		loaded, err := time.LoadLocation(zone)
		if err != nil {
			return 0
		}
		cached, _ = zoneCache.LoadOrStore(zone, loaded)
	}
	_, january := time.Date(now.Year(), time.January, 1, 0, 0, 0, 0, cached.(*time.Location)).Zone()
	return -january / 3600
}
