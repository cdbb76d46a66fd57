package quota

import (
	"context"
	"testing"
)

func TestEachKeyHasAGateOfItsOwn(t *testing.T) {
	t.Parallel()
	g, err := NewGates(GateConfig{MaxInFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	leave, err := g.Enter(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Enter(t.Context(), "a"); err != ErrQueueFull {
		t.Errorf("a second one of the same key: got %v", err)
	}
	other, err := g.Enter(t.Context(), "b")
	if err != nil {
		t.Errorf("another key: got %v", err)
	}
	leave()
	other()
	if n := len(g.open); n != 0 {
		t.Errorf("%d gates are kept for nobody", n)
	}
	if leave, err = g.Enter(t.Context(), "a"); err != nil {
		t.Errorf("after the first has left: got %v", err)
	}
	leave()
	var none *Gates
	if leave, err = none.Enter(context.Background(), "a"); err != nil {
		t.Errorf("no gates: got %v", err)
	}
	leave()
	if _, err := NewGates(GateConfig{}); err == nil {
		t.Error("a gate for nobody is accepted")
	}
}
