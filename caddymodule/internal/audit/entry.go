package audit

import (
	"net/netip"
	"time"
)

// Decision says how an exchange ended.
type Decision string

// The decisions.
const (
	Answered Decision = "answered" // the caller got data
	Refused  Decision = "refused"  // Ringward refused the request before any upstream call
	Failed   Decision = "failed"   // the request was allowed, but there was no answer to give
)

// Auth says how Ringward knew the caller.
type Auth string

// The ways to know a caller.
const (
	AuthKey         Auth = "key"         // a caller key
	AuthToken       Auth = "token"       // a signed token
	AuthCertificate Auth = "certificate" // a client certificate
	AuthAnonymous   Auth = "anonymous"   // not at all, where the route allows that
)

// The most that an entry holds of a list; the rest is left out.
const (
	MaxLimits = 16
	MaxFields = 64
)

// LimitState is where the caller stood with one limit after the request was
// counted.
type LimitState struct {
	// Name is the limit's name, as callers see it in RateLimit.
	Name string

	// Window is the limit's length; written as whole seconds.
	Window time.Duration

	// Limit is the number of requests allowed in Window, Remaining what is left
	// of it.
	Limit, Remaining int64
}

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
	// Intent marks the entry that is written before the provider is asked, where
	// the config wants that; "type":"intent" in the line. It has no outcome: the
	// fields from Decision on are not written. The entry with the outcome has the
	// same RequestID; without one, the lookup may have been made and lost.
	Intent bool

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

	// Auth says how the caller was known; empty when nobody was authenticated.
	Auth Auth

	// ClientIP is the client's address, whole or as TruncateAddr leaves it.
	// ClientIPPseudonym stands in its place where addresses are not recorded.
	ClientIP          netip.Addr
	ClientIPPseudonym string

	// Provider and Operation name what was asked.
	Provider  string
	Operation string

	// Numbers are the numbers asked about.
	Numbers []NumberRef

	// Limits are the limits that the request was counted in, MaxLimits at most.
	Limits []LimitState

	// Config is the hash of the config in force, its first 12 hexadecimal
	// digits. Version is Ringward's.
	Config  string
	Version string

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

	// Fields lists the fields that the answer holds, MaxFields at most, by their
	// documented names or JSON pointers. Never a value.
	Fields []string

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
	dst = e.appendRequest(dst)
	if !e.Intent {
		dst = e.appendOutcome(dst)
	}
	return append(dst, "}\n"...)
}

// appendRequest writes what is known before the provider is asked.
func (e *Entry) appendRequest(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = e.Time.UTC().AppendFormat(dst, timeFormat)
	dst = append(dst, '"')
	if e.Intent {
		dst = append(dst, `,"type":"intent"`...) // after the time: control lines begin with their type
	}
	dst = appendText(dst, `,"request_id":`, e.RequestID)
	dst = appendOptionalText(dst, `,"caller":`, e.Caller)
	dst = appendOptionalText(dst, `,"key_id":`, e.KeyID)
	dst = appendOptionalText(dst, `,"auth":`, string(e.Auth))
	dst = appendAddr(dst, `,"client_ip":`, e.ClientIP)
	dst = appendOptionalText(dst, `,"client_ip_pseudonym":`, e.ClientIPPseudonym)
	dst = appendOptionalText(dst, `,"provider":`, e.Provider)
	dst = appendOptionalText(dst, `,"operation":`, e.Operation)
	dst = appendNumbers(dst, `,"numbers":`, e.Numbers)
	dst = appendLimits(dst, `,"limits":`, e.Limits)
	dst = appendOptionalText(dst, `,"config":`, e.Config)
	return appendOptionalText(dst, `,"version":`, e.Version)
}

// appendOutcome writes what became of the request.
func (e *Entry) appendOutcome(dst []byte) []byte {
	dst = appendText(dst, `,"decision":`, string(e.Decision))
	dst = appendOptionalText(dst, `,"reason":`, e.Reason)
	dst = appendInt(dst, `,"status":`, int64(e.Status))
	dst = appendOptionalInt(dst, `,"upstream_status":`, int64(e.UpstreamStatus))
	dst = appendInt(dst, `,"upstream_calls":`, int64(e.UpstreamCalls))
	dst = appendOptionalInt(dst, `,"cost":`, int64(e.Cost))
	dst = appendOptionalInt(dst, `,"credential_version":`, int64(e.CredentialVersion))
	dst = appendTexts(dst, `,"released":`, e.Released)
	dst = appendTexts(dst, `,"fields":`, e.Fields[:min(len(e.Fields), MaxFields)])
	dst = appendInt(dst, `,"duration_us":`, e.Duration.Microseconds())
	return appendOptionalInt(dst, `,"upstream_duration_us":`, e.UpstreamDuration.Microseconds())
}
