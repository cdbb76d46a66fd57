package export

import (
	"net/netip"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// object is a JSON object under construction.
type object map[string]any

// set puts a value where the path says, with dots between nested names.
func (o object) set(path string, value any) {
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		o[name] = value
		return
	}
	inner, ok := o[name].(object)
	if !ok {
		inner = make(object)
		o[name] = inner
	}
	inner.set(rest, value)
}

// constant is a value that no field decides.
func constant(value any) func(*audit.Record) any {
	return func(*audit.Record) any { return value }
}

// text leaves out an empty text.
func text(of func(*audit.Record) string) func(*audit.Record) any {
	return func(r *audit.Record) any {
		if value := of(r); value != "" {
			return value
		}
		return nil
	}
}

// number leaves out a zero.
func number(of func(*audit.Record) int) func(*audit.Record) any {
	return func(r *audit.Record) any {
		if value := of(r); value != 0 {
			return value
		}
		return nil
	}
}

// list leaves out an empty list.
func list(of func(*audit.Record) []string) func(*audit.Record) any {
	return func(r *audit.Record) any {
		if values := of(r); len(values) > 0 {
			return values
		}
		return nil
	}
}

func address(r *audit.Record) string {
	if r.ClientIP == (netip.Addr{}) {
		return ""
	}
	return r.ClientIP.WithZone("").String()
}

func pseudonyms(r *audit.Record) (all []string) {
	for _, n := range r.Numbers {
		all = append(all, n.Pseudonym)
	}
	return all
}

func regions(r *audit.Record) (all []string) {
	for _, n := range r.Numbers {
		if n.Region != "" {
			all = append(all, n.Region)
		}
	}
	return all
}

// timestamp is the time as the audit line has it.
func timestamp(r *audit.Record) string { return r.Time.UTC().Format("2006-01-02T15:04:05.000000Z") }

// sequence is the line's place in its ledger.
func sequence(r *audit.Record) any {
	if !r.Chained {
		return nil
	}
	return r.Seq
}

func milliseconds(d time.Duration) int64 { return d.Milliseconds() }
