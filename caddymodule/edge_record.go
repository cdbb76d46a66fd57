package caddymodule

import (
	"context"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// ringwardVersion is what `ringward version` says.
var ringwardVersion, _ = caddy.Version()

// record writes the audit entry. It does not end with the request's context:
// a caller that goes away must not leave a lookup without its entry.
func (e *Edge) record(ex *exchange, status int) error {
	entry := e.entry(ex)
	entry.Decision = ex.decision()
	entry.Status = status
	entry.UpstreamStatus = ex.upstreamStatus
	entry.UpstreamCalls = ex.upstreamCalls
	entry.Cost = ex.spent()
	entry.CredentialVersion = ex.credentialVersion
	entry.Duration = time.Since(ex.start)
	entry.UpstreamDuration = ex.upstreamTime
	if ex.problem != nil {
		entry.Reason = string(ex.problem.reason)
	}
	classes := ex.released.AppendTo(nil)
	entry.Released = make([]string, len(classes))
	for i, class := range classes {
		entry.Released[i] = string(class)
	}
	if ex.answered && ex.plan != nil {
		entry.Fields = ex.plan.AppendFields(nil, &ex.fields)
	}
	if e.app.Audit.Durability == durabilityAsync {
		return e.app.auditLog.Submit(&entry)
	}
	return e.app.auditLog.Write(context.Background(), &entry)
}

// recordIntent writes that the provider is about to be asked, where the config
// wants that to be durable before.
func (e *Edge) recordIntent(ex *exchange) *problem {
	if e.app.Audit.Durability != durabilityStrict {
		return nil
	}
	entry := e.entry(ex)
	entry.Intent = true
	if err := e.app.auditLog.Write(context.Background(), &entry); err != nil {
		return &problem{reason: provider.ReasonAuditUnavailable, cause: err, retry: retryAudit}
	}
	return nil
}

// entry is what is known of an exchange before its outcome.
func (e *Edge) entry(ex *exchange) audit.Entry {
	entry := audit.Entry{
		Time:      ex.start,
		RequestID: ex.id,
		Caller:    ex.name,
		KeyID:     ex.keyID,
		Auth:      ex.auth,
		Provider:  e.provider.Name,
		Operation: ex.operationName(),
		Numbers:   ex.numbers,
		Limits:    limitStates(ex.limits),
		Config:    e.app.config.String(),
		Version:   ringwardVersion,
	}
	e.app.recordAddress(&entry, ex)
	return entry
}

func limitStates(states []quota.State) []audit.LimitState {
	if len(states) == 0 {
		return nil
	}
	all := make([]audit.LimitState, len(states))
	for i, s := range states {
		all[i] = audit.LimitState{Name: s.Name, Window: s.Window, Limit: s.Limit, Remaining: s.Remaining}
	}
	return all
}

// recordAddress writes as much of the client's address as the config wants. One
// that has no pseudonym yet, as its key is not there, is left out.
func (a *App) recordAddress(entry *audit.Entry, ex *exchange) {
	switch a.Audit.ClientIP {
	case clientIPTruncated:
		entry.ClientIP = audit.TruncateAddr(ex.clientIP)
	case clientIPPseudonym:
		if pseudonyms, err := a.pseudonyms.get(); err == nil {
			entry.ClientIPPseudonym = pseudonyms.AddrPseudonym(ex.clientIP)
		}
	default:
		entry.ClientIP = ex.clientIP
	}
}
