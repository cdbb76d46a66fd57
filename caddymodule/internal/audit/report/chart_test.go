package report

import (
	"math"
	"testing"
	"time"
)

func TestScalesAreRound(t *testing.T) {
	for most, want := range map[int64]int64{0: 1, 1: 1, 4: 1, 5: 2, 9: 2, 10: 5, 24: 5, 25: 10, 99: 20, 100: 50, 1_234_567: 500_000} {
		if got := roundStep(most); got != want {
			t.Errorf("up to %d: steps of %d, want %d", most, got, want)
		}
	}
}

// What is drawn is in proportion, and inside of the drawing.
func TestBarsAreDrawnToScale(t *testing.T) {
	r := build(t, sample(), april, sampleOptions())
	layers := layersOf(r.Regions, len(r.Periods), noRegion)
	if len(layers) != maxLayers+1 || layers[maxLayers].Class != "rest" {
		t.Fatalf("%d layers", len(layers))
	}
	s := newStack("x", "x", wide, 190, r, layers)
	top := s.Grid[len(s.Grid)-1]
	perNumber := (s.Floor - top.Y) / 2500
	if top.Label != "2,500" || len(s.Bars) != 30 {
		t.Fatalf("%d bars, up to %s", len(s.Bars), top.Label)
	}
	for day, bar := range s.Bars {
		floor := s.Floor
		for i, part := range bar.Parts {
			floor -= part.Height
			if want := float64(layers[i].Values[day]) * perNumber; math.Abs(part.Height-want) > 0.06 || math.Abs(part.Y-floor) > 0.5 {
				t.Errorf("day %d: part %d is %v high at %v, want %v at %v", day, i, part.Height, part.Y, want, floor)
			}
			if part.X < chartLeft || part.X+part.Width > wide || part.Y < chartTop {
				t.Errorf("day %d: part %d is out of the drawing", day, i)
			}
		}
	}
}

func TestDatesHaveRoom(t *testing.T) {
	for _, in := range []Range{april, {at(1, 0), at(2, 0)}, {at(1, 0), at(4, 0)}, {at(1, 0), at(1, 0).AddDate(0, 0, MaxDays)}, {at(1, 0), at(8, 0)}} {
		for _, width := range []float64{wide, half} {
			r := build(t, of(), in, Options{})
			s := newStack("x", "x", width, 170, r, layersOf(nil, len(r.Periods), noName))
			for i := 1; i < len(s.Dates); i++ {
				if gap := s.Dates[i].X - s.Dates[i-1].X; gap < 40 || r.Step == "hour" && gap < 70 {
					t.Errorf("%s, %v wide: dates are %v apart", r.when(), width, gap)
				}
			}
			if len(s.Dates) == 0 {
				t.Errorf("%s, %v wide: no dates", r.when(), width)
			}
		}
	}
}

func TestNumbersInWords(t *testing.T) {
	for got, want := range map[string]string{
		percent(0, 0): "0%", percent(0, 5): "0%", percent(1, 10_000): "<0.1%", percent(1, 100): "1.0%", percent(15, 100): "15%", percent(5, 5): "100%",
		plural(1, "day"): "1 day", plural(1200, "day"): "1,200 days",
		age(90 * time.Minute): "1 hour", age(47 * time.Hour): "47 hours", age(72 * time.Hour): "3 days",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
