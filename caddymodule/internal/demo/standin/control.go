package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// maxOrder bounds the body of a request to the control address, in bytes.
const maxOrder = 1 << 20

// control lets a test change what the providers do:
//
//	POST /keys   {"provider": name, "keys": [key, ...]}: accept these and no others
//	POST /fault  a faultOrder: answer wrongly
//	POST /hold   {"provider": name}: let the next request wait
//	POST /open   {"provider": name}: let go of what waits
//	GET  /calls  {name: requests so far, those that wait not included, ...}
//	GET  /held   {name: requests that wait, ...}
//	GET  /faults {name: {"gallery": [fault, ...], "documented": [fault, ...]}, ...}
//
// Orders are answered with 204, or with 400 and what is wrong with them.
type control struct {
	*http.ServeMux
	providers map[string]*served
}

// served is a provider with its gate.
type served struct {
	*demo.Provider
	gate *gate
}

// faultOrder is a fault by its name in the gallery, by its name among the
// provider's documented errors, or by demo.Fault's own fields. Without any of
// them the provider works again.
type faultOrder struct {
	Provider   string
	Gallery    string
	Documented string

	demo.Fault

	// Stall, a channel in a Fault, is true here, to stall until the request
	// ends. In place of Fault's Wait there is /hold.
	Stall bool
}

type keysOrder struct {
	Provider string
	Keys     []string
}

type gateOrder struct{ Provider string }

func newControl() *control {
	c := &control{ServeMux: http.NewServeMux(), providers: make(map[string]*served)}
	c.HandleFunc("POST /keys", ordered(c, func(p *served, order keysOrder) error { p.SetKeys(order.Keys...); return nil }))
	c.HandleFunc("POST /fault", ordered(c, setFault))
	c.HandleFunc("POST /hold", ordered(c, func(p *served, _ gateOrder) error { p.gate.arm(); return nil }))
	c.HandleFunc("POST /open", ordered(c, func(p *served, _ gateOrder) error { p.gate.open(); return nil }))
	c.HandleFunc("GET /calls", report(c, func(p *served) int64 { return p.Calls() }))
	c.HandleFunc("GET /held", report(c, func(p *served) int { return p.gate.holding() }))
	c.HandleFunc("GET /faults", report(c, func(p *served) map[string][]string {
		return map[string][]string{
			"gallery":    slices.Sorted(maps.Keys(demo.Gallery())),
			"documented": slices.Sorted(maps.Keys(p.DocumentedErrors())),
		}
	}))
	return c
}

func (o keysOrder) provider() string  { return o.Provider }
func (o faultOrder) provider() string { return o.Provider }
func (o gateOrder) provider() string  { return o.Provider }

// ordered decodes an order strictly: a misspelt field would make a test pass
// for nothing.
func ordered[T interface{ provider() string }](c *control, obey func(*served, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var order T
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&order)
		if err == nil {
			if p, ok := c.providers[order.provider()]; ok {
				err = obey(p, order)
			} else {
				err = fmt.Errorf("no provider %q is served", order.provider())
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func setFault(p *served, order faultOrder) error {
	fault, ok := order.Fault, true
	switch {
	case order.Gallery != "" && order.Documented != "":
		return errors.New("a fault has one name")
	case order.Gallery != "":
		fault, ok = demo.Gallery()[order.Gallery]
	case order.Documented != "":
		fault, ok = p.DocumentedErrors()[order.Documented]
	}
	if !ok {
		return fmt.Errorf("unknown fault %q", order.Gallery+order.Documented)
	}
	fault.Sticky = order.Sticky
	if order.Stall {
		fault.Stall = make(chan struct{}) // never closed
	}
	p.SetFault(fault)
	return nil
}

// report answers with something about each provider.
func report[T any](c *control, of func(*served) T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		all := make(map[string]T, len(c.providers))
		for name, p := range c.providers {
			all[name] = of(p)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(all) // the test went away
	}
}
