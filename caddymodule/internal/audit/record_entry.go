package audit

import (
	"bytes"
	"encoding/hex"
	"math"
	"net/netip"
	"time"
)

// member is a set of members that were seen.
type member uint8

const (
	seenTime member = 1 << iota
	seenRequestID
	seenDecision
	seenStatus
	seenCalls
	seenDuration
	seenSeq
	seenPrev

	seenRequest  = seenTime | seenRequestID
	seenOutcome  = seenDecision | seenStatus | seenCalls | seenDuration
	seenEnvelope = seenSeq | seenPrev
)

// read reads a line.
func (r *recordReader) read(line []byte) (record Record, err error) {
	r.buf.Reset()
	r.buf.Write(line)
	r.dec.Reset(&r.buf)
	r.err, r.seen = nil, 0
	r.open('{')
	for r.more('}') {
		r.member(&record)
	}
	r.end()
	r.check(&record)
	if r.err != nil {
		return Record{}, r.err
	}
	if record.Kind.IsControl() {
		record.Entry = Entry{Time: record.Time} // it may have members of the same names
	}
	return record, nil
}

// check finds what is missing.
func (r *recordReader) check(record *Record) {
	needed := seenTime
	switch record.Kind {
	case KindResult:
		needed = seenRequest | seenOutcome
	case KindIntent:
		needed = seenRequest
		if r.seen&seenOutcome != 0 {
			r.fail("is an intent with an outcome")
		}
	default:
		needed |= seenEnvelope
	}
	if r.seen&seenEnvelope != 0 {
		needed |= seenEnvelope
	}
	if r.seen&needed != needed {
		r.fail("lacks a member")
	}
	record.Chained = r.seen&seenEnvelope == seenEnvelope
	record.Intent = record.Kind == KindIntent
}

// member reads one member of the line.
func (r *recordReader) member(record *Record) {
	name := r.name()
	switch string(name) {
	case "seq":
		record.Seq = r.integer(math.MaxUint64)
		r.seen |= seenSeq
	case "prev":
		r.hash(&record.Prev)
		r.seen |= seenPrev
	case "type":
		record.Kind = Kind(r.text())
		if record.Kind == KindResult || !record.Kind.known() {
			r.fail("has an unknown type")
		}
	case "time":
		record.Time = r.time()
		r.seen |= seenTime
	default:
		if record.Kind.IsControl() || !r.request(name, &record.Entry) && !r.outcome(name, &record.Entry) {
			r.skip()
		}
	}
}

// request reads a member that Entry.appendRequest writes.
func (r *recordReader) request(name []byte, e *Entry) bool {
	switch string(name) {
	case "request_id":
		e.RequestID = r.text()
		r.seen |= seenRequestID
	case "caller":
		e.Caller = r.text()
	case "key_id":
		e.KeyID = r.text()
	case "auth":
		e.Auth = Auth(r.text())
	case "client_ip":
		e.ClientIP = r.addr()
	case "client_ip_pseudonym":
		e.ClientIPPseudonym = r.text()
	case "provider":
		e.Provider = r.text()
	case "operation":
		e.Operation = r.text()
	case "numbers":
		e.Numbers = r.numbers()
	case "limits":
		e.Limits = r.limits()
	case "config":
		e.Config = r.text()
	case "version":
		e.Version = r.text()
	default:
		return false
	}
	return true
}

// outcome reads a member that Entry.appendOutcome writes.
func (r *recordReader) outcome(name []byte, e *Entry) bool {
	switch string(name) {
	case "decision":
		e.Decision = r.decision()
		r.seen |= seenDecision
	case "reason":
		e.Reason = r.text()
	case "status":
		e.Status = r.count()
		r.seen |= seenStatus
	case "upstream_status":
		e.UpstreamStatus = r.count()
	case "upstream_calls":
		e.UpstreamCalls = r.count()
		r.seen |= seenCalls
	case "cost":
		e.Cost = r.count()
	case "credential_version":
		e.CredentialVersion = r.count()
	case "released":
		e.Released = r.texts(maxRecord)
	case "fields":
		e.Fields = r.texts(MaxFields)
	case "duration_us":
		e.Duration = r.duration(time.Microsecond)
		r.seen |= seenDuration
	case "upstream_duration_us":
		e.UpstreamDuration = r.duration(time.Microsecond)
	default:
		return false
	}
	return true
}

// decision reads a decision. One that is not known could not be counted.
func (r *recordReader) decision() Decision {
	d := Decision(r.text())
	if d != Answered && d != Refused && d != Failed {
		r.fail("has an unknown decision")
	}
	return d
}

func (r *recordReader) addr() netip.Addr {
	addr, err := netip.ParseAddr(r.text())
	if err != nil || addr.Zone() != "" {
		r.fail("has a client_ip that is no address")
	}
	return addr
}

func (r *recordReader) hash(sum *[32]byte) {
	raw := r.raw('"')
	if r.err != nil {
		return
	}
	raw = raw[1 : len(raw)-1]
	if len(raw) != hex.EncodedLen(len(sum)) || bytes.ContainsAny(raw, "ABCDEF") {
		r.fail("has a prev that is no hash")
		return
	}
	if _, err := hex.Decode(sum[:], raw); err != nil {
		r.fail("has a prev that is no hash")
	}
}
