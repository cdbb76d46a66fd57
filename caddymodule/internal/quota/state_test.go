package quota

import (
	"testing"
	"time"
)

func TestTheTightestStateIsReported(t *testing.T) {
	inOrder := []State{
		{Name: "reached, long", Reached: true, Reset: time.Hour},
		{Name: "reached, short, some left", Reached: true, Remaining: 1, Reset: time.Minute},
		{Name: "one left", Remaining: 1, Reset: time.Second},
		{Name: "two left, long", Remaining: 2, Reset: time.Hour},
		{Name: "two left, short", Remaining: 2, Reset: time.Second},
	}
	for i, a := range inOrder {
		for j, b := range inOrder {
			if got := a.tighterThan(b); got != (i < j) {
				t.Errorf("%q tighter than %q: %v", a.Name, b.Name, got)
			}
		}
	}
}
