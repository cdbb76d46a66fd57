package audit

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Decision says how an exchange ended.
type Decision string

// The decisions.
const (
	Answered Decision = "answered" // the caller got data
	Refused  Decision = "refused"  // Ringward refused the request before any upstream call
	Failed   Decision = "failed"   // the request was allowed, but there was no answer to give
)

// NumberRef stands for a number in an entry.
type NumberRef struct {
	// Pseudonym comes from a Pseudonymizer. Never a number.
	Pseudonym string

	// Region is the number's ISO 3166-1 alpha-2 region; empty when unknown.
	Region string
}

// Entry is the record of one exchange. It is an allow-list: what has no field
// here is not recorded. Fields with their zero value are left out of the line,
// except time, request_id, decision, status, upstream_calls and duration_us.
type Entry struct {
	// Time is when the request arrived; written as UTC with microseconds.
	Time time.Time

	// RequestID is Ringward's own id of the request.
	RequestID string

	// Caller is the caller's name in the config; empty when nobody was
	// authenticated.
	Caller string

	// KeyID names which of the caller's credentials was used. It is not the
	// key, nor any part or digest of it.
	KeyID string

	// ClientIP is the client's address.
	ClientIP netip.Addr

	// Provider and Operation name what was asked.
	Provider  string
	Operation string

	// Numbers are the numbers asked about.
	Numbers []NumberRef

	// Decision says how the exchange ended, Reason why it was not answered.
	Decision Decision
	Reason   string

	// Status is the HTTP status that the caller gets.
	Status int

	// UpstreamStatus is the HTTP status of the provider's last answer; 0 when
	// there was none.
	UpstreamStatus int

	// UpstreamCalls counts the calls to the provider, retries included. Each
	// may have cost money.
	UpstreamCalls int

	// Cost is what the lookup costs by the preset's price list, in cost units;
	// 0 when no request reached the provider.
	Cost int

	// CredentialVersion is the version of the provider's credential that was
	// used last; 0 when none was.
	CredentialVersion int

	// Released lists the data classes that the answer holds.
	Released []string

	// Duration is the time from the request's arrival to this entry,
	// UpstreamDuration the part of it spent waiting for the provider. Both are
	// written as whole microseconds.
	Duration         time.Duration
	UpstreamDuration time.Duration
}

// timeFormat has a fixed width, so that lines sort by time as text.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// AppendJSON appends the entry as one line of JSON, with its newline. Text is
// escaped; bytes that are not UTF-8 become U+FFFD.
func (e *Entry) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, timeFormat)
	dst = append(dst, '"')
	dst = appendText(dst, `,"request_id":`, e.RequestID)
	dst = appendOptionalText(dst, `,"caller":`, e.Caller)
	dst = appendOptionalText(dst, `,"key_id":`, e.KeyID)
	dst = appendAddr(dst, `,"client_ip":`, e.ClientIP)
	dst = appendOptionalText(dst, `,"provider":`, e.Provider)
	dst = appendOptionalText(dst, `,"operation":`, e.Operation)
	dst = appendNumbers(dst, `,"numbers":`, e.Numbers)
	dst = appendText(dst, `,"decision":`, string(e.Decision))
	dst = appendOptionalText(dst, `,"reason":`, e.Reason)
	dst = appendInt(dst, `,"status":`, int64(e.Status))
	dst = appendOptionalInt(dst, `,"upstream_status":`, int64(e.UpstreamStatus))
	dst = appendInt(dst, `,"upstream_calls":`, int64(e.UpstreamCalls))
	dst = appendOptionalInt(dst, `,"cost":`, int64(e.Cost))
	dst = appendOptionalInt(dst, `,"credential_version":`, int64(e.CredentialVersion))
	dst = appendTexts(dst, `,"released":`, e.Released)
	dst = appendInt(dst, `,"duration_us":`, e.Duration.Microseconds())
	dst = appendOptionalInt(dst, `,"upstream_duration_us":`, e.UpstreamDuration.Microseconds())
	return append(dst, "}\n"...)
}

func appendText(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	// The error only says that the text was not UTF-8; it has been repaired.
	dst, _ = jsontext.AppendQuote(dst, value)
	return dst
}

func appendOptionalText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendText(dst, name, value)
}

func appendInt(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(append(dst, name...), value, 10)
}

func appendOptionalInt(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return appendInt(dst, name, value)
}

func appendTexts(dst []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return dst
	}
	dst = append(dst, name...)
	separator := "["
	for _, value := range values {
		dst = appendText(dst, separator, value)
		separator = ","
	}
	return append(dst, ']')
}

func appendNumbers(dst []byte, name string, numbers []NumberRef) []byte {
	if len(numbers) == 0 {
		return dst
	}
	dst = append(dst, name...)
	separator := `[{"pseudonym":`
	for _, number := range numbers {
		dst = appendText(dst, separator, number.Pseudonym)
		dst = appendOptionalText(dst, `,"region":`, number.Region)
		dst = append(dst, '}')
		separator = `,{"pseudonym":`
	}
	return append(dst, ']')
}

// appendAddr writes an address without building a string first. A zone is text
// that a peer can choose, so it is left out.
func appendAddr(dst []byte, name string, addr netip.Addr) []byte {
	if !addr.IsValid() {
		return dst
	}
	dst = append(append(dst, name...), '"')
	return append(addr.WithZone("").AppendTo(dst), '"')
}
