package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestSpreadAndRatios(t *testing.T) {
	for name, tt := range map[string]struct {
		values []float64
		want   spread
	}{
		"none": {nil, spread{}},
		"one":  {[]float64{3}, spread{3, 3, 3}},
		"odd":  {[]float64{9, 1, 4}, spread{4, 1, 9}},
		"even": {[]float64{8, 1, 4, 2}, spread{3, 1, 8}},
	} {
		if got := spreadOf(tt.values); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	if got := spreadOf(ratios([]float64{2, 30}, []float64{1, 10})); got != (spread{2.5, 2, 3}) {
		t.Errorf("ratios are not taken round by round: %+v", got)
	}
}

func TestPercentile(t *testing.T) {
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(200-i))
	}
	for p, want := range map[float64]time.Duration{0: 1, 50: 100, 99: 198, 100: 200} {
		if got := percentile(took, p); got != want {
			t.Errorf("p%v is %d, want %d", p, got, want)
		}
	}
}

// TestAnswersAreChecked: a contender that answers something else is no contender.
func TestAnswersAreChecked(t *testing.T) {
	want := &answer{[]byte(`{"subscriber":"415858`), []byte(`"}`)}
	for body, fits := range map[string]bool{
		`{"subscriber":"4158581234"}`:  true,
		`{"subscriber":"4158584321"}`:  false, // of another number
		`{"subscriber":"4158581234"} `: false,
		`{"error":"busy"}`:             false,
		``:                             false,
	} {
		if got := want.fits([]byte(body), []byte("1234")); got != fits {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestUsageOfAProcessAndItsChildren(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	own, err := usageOf(os.Getpid())
	if err != nil || own.rss < 1<<20 {
		t.Fatalf("got %+v, %v", own, err)
	}
	pids, err := withChildren(os.Getpid())
	if err != nil || len(pids) < 2 || pids[0] != os.Getpid() {
		t.Errorf("got %v, %v", pids, err)
	}
}

// TestChartIsWellFormed: names with characters that mean something in XML.
func TestChartIsWellFormed(t *testing.T) {
	r := &report{Machine: machine{Processor: "A & B <C>"}, Throughput: []named[throughput]{
		{Name: bareCaddy, Value: throughput{CPU: spread{100, 90, 120}, Ratio: spread{1, 1, 1}}},
		{Name: "<other> & more", Value: throughput{CPU: spread{50, 40, 60}}},
	}}
	text, err := r.chart()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	if !strings.Contains(text, "100 µs, 1.00 ×") || !strings.Contains(text, "&lt;other&gt; &amp; more") {
		t.Errorf("the picture lacks figures or names: %s", text)
	}
}

// TestGoalsSayNoToo holds the table against flattery.
func TestGoalsSayNoToo(t *testing.T) {
	r := &report{
		Throughput: []named[throughput]{
			{Name: bareCaddy, Value: throughput{CPU: spread{100, 90, 110}}},
			{Name: ringward, Value: throughput{CPU: spread{101, 90, 120}, Ratio: spread{1.01, 0.9, 1.2}, Requests: spread{59, 50, 70}}},
			{Name: unsynced, Value: throughput{Requests: spread{100, 90, 110}}},
		},
		Memory:  &pair{Compared: spread{1.51, 1, 2}},
		Latency: &pair{Compared: spread{5001, 1, 9000}},
		Start:   &pair{Compared: spread{301, 1, 400}},
	}
	goals := r.goals()
	if len(goals) != 5 {
		t.Fatalf("%d goals", len(goals))
	}
	for _, g := range goals {
		if g.reached {
			t.Errorf("%s is called reached at %s", g.what, g.compared)
		}
	}
	r.Latency = &pair{Bare: spread{50_000, 10_000, 90_000}, Compared: spread{-1000, -9000, 9000}}
	if got := r.goals()[3].verdict(); got == "yes" || got == "no" {
		t.Errorf("noise is called %q", got)
	}
}
