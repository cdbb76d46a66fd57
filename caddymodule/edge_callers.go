package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// provisionCallers shows the route to everybody who may ask here.
func (e *Edge) provisionCallers() error {
	if err := e.checkNamed(); err != nil {
		return err
	}
	var errs []error
	served := 0
	e.app.registry.Directory().All(func(c *registered) {
		if e.admits(c.Name, c.Value) {
			served++
			errs = append(errs, e.show(c.Name, c.Value))
		}
	})
	if t := e.app.tokens; t != nil && t.unlisted != nil && len(e.Callers) == 0 && t.unlisted.mayAsk(e.provider.Name) {
		served++
		errs = append(errs, e.show(unlistedLabel, t.unlisted))
	}
	if e.Anonymous != nil {
		served++
		errs = append(errs, e.provisionAnonymous())
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if served == 0 && len(e.app.CallerSources) == 0 {
		return errors.New("nobody may ask: describe a caller in the global ringward option (`ringward caller new NAME` makes a key), or set anonymous for callers on the same host")
	}
	return nil
}

// checkNamed finds callers that the route names in vain. Those of a source may yet
// come.
func (e *Edge) checkNamed() error {
	for _, name := range e.Callers {
		at := slices.IndexFunc(e.app.Callers, func(c CallerConfig) bool { return c.Name == name })
		switch {
		case at < 0 && len(e.app.CallerSources) == 0:
			return fmt.Errorf("caller %q is not described: add `caller %s { ... }` to the global ringward option", name, name)
		case at < 0 && !e.app.registry.Directory().Has(name):
			e.logger.Warn("the route names a caller that no source has yet", zap.String("provider", e.provider.Name), zap.String("caller", name))
		case at >= 0 && !isAmong(e.app.Callers[at].Providers, e.provider.Name):
			return fmt.Errorf("caller %q may not ask provider %s: its providers are %v", name, e.provider.Name, e.app.Callers[at].Providers)
		}
	}
	return nil
}

func (e *Edge) provisionAnonymous() (err error) {
	if e.anonymous, err = e.app.newCallerState("", &AccessConfig{Release: e.Anonymous.Release}); err != nil {
		return fmt.Errorf("anonymous: %w", err)
	}
	return e.show(anonymousName, e.anonymous)
}

// serves reports whether the route serves the caller of a name.
func (e *Edge) serves(name string) bool { return isAmong(e.Callers, name) }

// admits reports whether a caller may be here at all.
func (e *Edge) admits(name string, who *callerState) bool {
	return e.serves(name) && who.mayAsk(e.provider.Name)
}

// show works out what a caller sees of each operation of this route. It is for
// callers that no request can find yet.
func (e *Edge) show(name string, who *callerState) error {
	for _, op := range e.ops {
		plan, err := e.plan(op, name, who)
		if err != nil {
			return fmt.Errorf("operation %s: caller %s: %w", op.Name, name, err)
		}
		who.views[op] = plan
	}
	return nil
}

// maxPlans bounds how many plans of an operation are kept for callers to come.
const maxPlans = 1024

// answerBounds leaves the size of an answer to the vault door, which reads it.
var answerBounds = minimize.Options{MaxBody: maxAnswerCeiling}

// plan compiles what a caller sees of an operation's answers, once for all callers
// of the same release.
func (e *Edge) plan(op *operation, name string, who *callerState) (*minimize.Plan, error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	key := who.release.key()
	if plan := op.plans[key]; plan != nil {
		return plan, nil
	}
	plan, err := e.compile(op.Operation, name, who)
	if err != nil {
		return nil, err
	}
	if len(op.plans) >= maxPlans {
		clear(op.plans)
	}
	op.plans[key] = plan
	return plan, nil
}

// compile leaves out pointers that are no field of the operation, as they may be
// one of another provider's; one to a field that is never released is an error.
func (e *Edge) compile(op *provider.Operation, name string, who *callerState) (*minimize.Plan, error) {
	var pointers []string
	for _, pointer := range who.release.pointers {
		_, err := minimize.Compile(op.Fields, nil, minimize.Release{Pointers: []string{pointer}}, answerBounds)
		switch {
		case errors.Is(err, minimize.ErrUndocumented):
			e.logger.Warn("a released field is not one of this operation's", zap.String("operation", op.Name),
				zap.String("caller", name), zap.String("field", pointer))
		case err != nil:
			return nil, err
		default:
			pointers = append(pointers, pointer)
		}
	}
	released := minimize.Release{Classes: who.release.classes, Pointers: pointers}
	rules := slices.Concat(e.provider.Rules, op.Rules)
	return minimize.Compile(op.Fields, rules, released, answerBounds)
}

// key is the same for releases of the same.
func (r release) key() string {
	words := make([]string, 0, len(r.classes)+len(r.pointers))
	for _, class := range r.classes {
		words = append(words, string(class))
	}
	words = append(words, r.pointers...)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), "\x00")
}
