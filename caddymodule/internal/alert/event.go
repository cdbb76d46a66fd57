// Package alert tells people what needs them, without flooding them.
//
// A [Detector] turns repeated failures into one [Event]. A [Hub] delivers
// events off the request path and holds back repetitions. Both are bounded in
// memory and never make a request wait.
package alert

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The names of events.
const (
	CredentialRejected      = "credential_rejected"       // the provider refuses our credential
	CredentialRefreshFailed = "credential_refresh_failed" // Vault did not give the credential
	CredentialRecovered     = "credential_recovered"      // a credential works again
	CredentialRotated       = "credential_rotated"        // a new version is in use
	CredentialStale         = "credential_stale"          // past its limit; requests are refused
	CredentialOverdue       = "credential_overdue"        // a version should have been rotated by now
	CredentialPreviousUsed  = "credential_previous_used"  // the provider refuses the new version, and took the one before
	CredentialEchoed        = "credential_echoed"         // a provider's answer held the credential
	AuditUnavailable        = "audit_unavailable"         // entries cannot be written; requests are refused
	CallerAuthFailures      = "caller_auth_failures"      // repeated failures to authenticate
	LimitStoreDown          = "limit_store_down"          // limits are not counted where instances share them
	LimitStoreUp            = "limit_store_up"            // they are again
	LockedOut               = "locked_out"                // an address or caller failed too often
	BudgetSoftLimit         = "budget_soft_limit"         // a budget's soft limit was reached
	AuditCheckpoint         = "audit_checkpoint"          // the audit log was signed so far; keep the note elsewhere
	AuditLagging            = "audit_lagging"             // one of the two audit logs misses entries that the other has
	AuditProblem            = "audit_problem"             // a file was not rotated or deleted, or a checkpoint not written
	PseudonymKeyCreated     = "pseudonym_key_created"     // this instance made the key of an epoch
	PseudonymKeyDestroyed   = "pseudonym_key_destroyed"   // the key of an epoch is gone
	SourceFailed            = "source_failed"             // callers, addresses or an issuer's keys cannot be read; the last ones stay in force
	SourceRecovered         = "source_recovered"          // they can be read again
)

// Names lists the names of all events.
func Names() []string {
	return []string{
		CredentialRejected, CredentialRefreshFailed, CredentialRecovered, CredentialRotated, CredentialStale,
		CredentialOverdue, CredentialPreviousUsed, CredentialEchoed, AuditUnavailable, CallerAuthFailures,
		BudgetSoftLimit, LockedOut, LimitStoreDown, LimitStoreUp, SourceFailed, SourceRecovered,
		AuditCheckpoint, AuditLagging, AuditProblem, PseudonymKeyCreated, PseudonymKeyDestroyed,
	}
}

// The names of attributes.
const (
	AttrProvider = "provider"
	AttrSource   = "source" // where a credential is kept
	AttrCaller   = "caller"
	AttrClientIP = "client_ip"
	AttrReason   = "reason"
	AttrVersion  = "version"
	AttrFailures = "failures" // how many, from a Detector
	AttrWindow   = "window"   // within which time, from a Detector
	AttrPeriod   = "period"   // of a budget: day or month
	AttrUnits    = "units"    // cost units
	AttrSeconds  = "seconds"  // how long a lockout lasts
	AttrNote     = "note"     // a signed checkpoint

	// AttrAggregated is "true" in an event that stands for events with many
	// different attributes, which it therefore does not have.
	AttrAggregated = "aggregated"
)

// The bounds of an event. What exceeds them is cut.
const (
	maxAttributes  = 16
	maxValueLength = 512
)

// Event is something that a person should know. It leaves the process, so it
// never holds a number, a caller's key or a credential.
type Event struct {
	// Name is one of the names above.
	Name string

	// At is when it happened; the Hub fills in a zero value.
	At time.Time

	// Attributes say what it happened to. The Hub keeps a copy, with at most 16
	// attributes of 512 bytes each.
	Attributes map[string]string

	// Suppressed counts the events like this one that were held back since the
	// last delivery. The Hub sets it.
	Suppressed uint64
}

// bounded returns a copy of the event that nobody else can change.
func (e Event) bounded() Event {
	names := slices.Collect(maps.Keys(e.Attributes))
	slices.Sort(names)
	attributes := make(map[string]string, min(len(names), maxAttributes))
	for _, name := range names[:min(len(names), maxAttributes)] {
		attributes[strings.Clone(clip(name))] = strings.Clone(clip(e.Attributes[name]))
	}
	e.Attributes = attributes
	return e
}

// clip cuts text to its bound and replaces what is not UTF-8.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxValueLength)], "?")
}
