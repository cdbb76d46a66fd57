// Package export writes audit records in the forms that security tools read: as
// events of the Open Cybersecurity Schema Framework ([OCSF]) and of the Elastic
// Common Schema ([ECS]), one JSON object a line.
//
// Only results are events. An intent says of a request less than its result
// does, and control lines are about the ledger, which cannot be checked in
// another form anyway.
package export

import (
	"encoding/json"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// Mapping is a line of the table in docs/audit-export.md: which attribute of an
// event comes from which field of a record.
type Mapping struct {
	// Attribute is where the value stands, with dots between nested names. In
	// ECS, "@timestamp" has none.
	Attribute string

	// From names the field of the audit line. What does not come from a field is
	// said in words.
	From string

	value func(*audit.Record) any // nil leaves the attribute out
}

// line writes what the mappings make of a record. Attributes are sorted.
func line(mappings []Mapping, r *audit.Record) (event []byte, ok bool) {
	if r.Kind != audit.KindResult {
		return nil, false
	}
	tree := make(object)
	for _, m := range mappings {
		if value := m.value(r); value != nil {
			tree.set(m.Attribute, value)
		}
	}
	event, err := json.Marshal(tree)
	if err != nil {
		panic("export: encoding an event: " + err.Error()) // texts, numbers and lists of them
	}
	return append(event, '\n'), true
}
