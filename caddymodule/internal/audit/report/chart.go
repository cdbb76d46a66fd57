package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// The measures of a chart, in units of its drawing.
const (
	chartLeft   = 46.0 // room for numbers
	chartTop    = 8.0
	chartBottom = 22.0 // room for dates
	dayWidth    = 48.0 // room for a date
	hourWidth   = 82.0 // room for a date and a time
	maxLayers   = 6    // that have a colour of their own
	maxBarWidth = 26.0
	thinBar     = 4.0 // too thin for an outline
)

// layer is one colour of a chart: a number for each period.
type layer struct {
	Name   string
	Class  string // of its colour in the style sheet
	Values []int64
}

// stack is a drawing of stacked bars over time.
type stack struct {
	ID, Title, Desc string
	Width, Height   float64
	Left, Floor     float64
	Grid            []gridLine
	Dates           []dateLabel
	Bars            []stackBar
	Thin            bool
	Layers          []layer
}

type gridLine struct {
	Y     float64
	Label string
}

type dateLabel struct {
	X    float64
	Text string
}

type stackBar struct {
	Title string
	Parts []part
}

type part struct {
	X, Y, Width, Height float64
	Class               string
}

// newStack draws layers, the first at the bottom.
func newStack(id, title string, width, height float64, r *Report, layers []layer) stack {
	s := stack{ID: id, Title: title, Width: width, Height: height, Left: chartLeft, Floor: height - chartBottom, Layers: layers}
	sums := make([]int64, len(r.Periods))
	for _, l := range layers {
		for i, n := range l.Values {
			sums[i] += n
		}
	}
	top := s.scale(slices.Max(sums))
	slot := (width - chartLeft) / float64(len(sums))
	bar := min(slot*0.78, maxBarWidth)
	s.Thin = bar < thinBar
	for i, sum := range sums {
		if sum > 0 {
			x := chartLeft + slot*float64(i) + (slot-bar)/2
			s.Bars = append(s.Bars, s.bar(r.label(i)+": "+comma(sum), x, bar, top, layers, i))
		}
	}
	s.date(r, slot)
	s.Desc = describe(r, sums)
	return s
}

// bar draws one period.
func (s *stack) bar(title string, x, width float64, top int64, layers []layer, i int) stackBar {
	bar := stackBar{Title: title}
	y := s.Floor
	for _, l := range layers {
		if l.Values[i] == 0 {
			continue
		}
		height := float64(l.Values[i]) / float64(top) * (s.Floor - chartTop)
		y -= height
		bar.Parts = append(bar.Parts, part{round(x), round(y), round(width), round(height), l.Class})
	}
	return bar
}

// scale makes the grid up to a round number that most fits under.
func (s *stack) scale(most int64) (top int64) {
	step := roundStep(most)
	top = max((most+step-1)/step*step, step)
	for n := int64(0); n <= top; n += step {
		y := s.Floor - float64(n)/float64(top)*(s.Floor-chartTop)
		s.Grid = append(s.Grid, gridLine{round(y), comma(n)})
	}
	return top
}

// roundStep is 1, 2 or 5 times a power of ten, so that about 4 of it reach most.
func roundStep(most int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if digit*power*5 > most {
				return digit * power
			}
		}
	}
}

// date labels as many periods as there is room for: the same day of the week, or
// every sixth hour.
func (s *stack) date(r *Report, slot float64) {
	room, unit := dayWidth, 7
	if r.Step == "hour" {
		room, unit = hourWidth, 6
	}
	every := int(math.Ceil(room / slot))
	if every > 1 {
		every = (every + unit - 1) / unit * unit
	}
	for i := 0; i < len(r.Periods); i += every {
		s.Dates = append(s.Dates, dateLabel{round(chartLeft + slot*(float64(i)+0.5)), r.label(i)})
	}
}

// describe says in words what a chart shows.
func describe(r *Report, sums []int64) string {
	var total int64
	highest := 0
	for i, n := range sums {
		total += n
		if n > sums[highest] {
			highest = i
		}
	}
	if total == 0 {
		return "There were none."
	}
	mean := int64(math.Round(float64(total) / float64(len(sums))))
	return fmt.Sprintf("Bars, one for each %s, %s. In all: %s; on average: %s; most: %s on %s. The table has the numbers.",
		r.Step, r.when(), comma(total), comma(mean), comma(sums[highest]), r.label(highest))
}

// label names a period.
func (r *Report) label(i int) string {
	format := "2 Jan"
	if r.Step == "hour" {
		format = "2 Jan 15:04"
	}
	return r.Periods[i].Start.Format(format)
}

// layersOf makes a layer of each of the first rows, and one of all the others.
func layersOf(rows []Row, periods int, none string) []layer {
	layers := make([]layer, 0, maxLayers+1)
	rest := layer{Name: "all others", Class: "rest", Values: make([]int64, periods)}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(total(b.Series), total(a.Series)) })
	for i := range rows {
		into := &rest
		if len(layers) < maxLayers && !rows[i].Other && total(rows[i].Series) > 0 {
			layers = append(layers, layer{
				Name: rows[i].label("", none), Class: fmt.Sprintf("c%d", len(layers)), Values: make([]int64, periods),
			})
			into = &layers[len(layers)-1]
		}
		for at, n := range rows[i].Series {
			into.Values[at] += int64(n)
		}
	}
	if slices.Max(rest.Values) > 0 {
		layers = append(layers, rest)
	}
	return layers
}

func total(series []uint32) (sum int64) {
	for _, n := range series {
		sum += int64(n)
	}
	return sum
}

// layerOf makes a layer of one number of each period.
func layerOf(name, class string, periods []Period, number func(*Period) int64) layer {
	l := layer{Name: name, Class: class}
	for i := range periods {
		l.Values = append(l.Values, number(&periods[i]))
	}
	return l
}

// round keeps the drawing small.
func round(x float64) float64 { return math.Round(x*10) / 10 }

// age is a time span in days, or hours where that is too coarse.
func age(d time.Duration) string {
	if d < 48*time.Hour {
		return plural(int64(d/time.Hour), "hour")
	}
	return plural(int64(d/(24*time.Hour)), "day")
}
