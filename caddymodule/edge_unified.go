package caddymodule

import (
	"fmt"
	"net/http"

	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/unify"
)

// UnifiedConfig asks for answers that look the same whichever provider gave
// them.
type UnifiedConfig struct {
	// Operation is asked for requests in the unified form, POST /lookup.
	// Default: the first one served that looks a number up.
	Operation string `json:"operation,omitempty"`
}

// unifiedPath is where requests in the unified form are taken.
const unifiedPath = "/lookup"

// provisionUnified prepares unified answers. Operations that say nothing about
// a number are not served then.
func (e *Edge) provisionUnified() error {
	if e.Unified == nil {
		return nil
	}
	e.provider.Problem = nil // errors in one shape too
	for i := range e.provider.Operations {
		op := e.ops[&e.provider.Operations[i]]
		if op == nil {
			continue
		}
		if len(op.Operation.Unified) == 0 {
			delete(e.ops, op.Operation)
			continue
		}
		var err error
		if op.unify, err = unify.Compile(op.Operation); err != nil {
			return fmt.Errorf("operation %s: unified answers: %w", op.Name, err)
		}
		chosen := e.Unified.Operation == "" || e.Unified.Operation == op.Name
		if e.unifiedOp == nil && chosen && op.Number != nil {
			e.unifiedOp = op
		}
	}
	if e.unifiedOp == nil {
		return fmt.Errorf("no operation that is served here gives unified answers for `answer unified %s`", e.Unified.Operation)
	}
	return nil
}

// isUnified reports a request in the unified form.
func (e *Edge) isUnified(r *http.Request) bool {
	return e.unifiedOp != nil && r.Method == http.MethodPost && r.URL.EscapedPath() == unifiedPath
}

// unknownNumber is the unified answer for a number that the provider does not
// know.
func unknownNumber(plan *minimize.Plan) (body []byte, released minimize.ClassSet) {
	for _, class := range plan.Classes() {
		if class == provider.Validity {
			return []byte(`{"valid":false}`), minimize.SetOf(class)
		}
	}
	return []byte(`{}`), 0
}
