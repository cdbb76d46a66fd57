package minimize

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// writer writes random JSON texts: known names at every place, escapes and
// white space where the grammar has room, never two equal names in an object.
type writer struct {
	*rand.Rand
	strings.Builder
	known []string // the names of the scene's pointers, and one more
}

func newWriter(s scene, seed1, seed2 uint64) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed1, seed2)), known: []string{"stranger"}}
	for _, p := range (&oracle{fields: s.fields, release: s.release}).pointers() {
		for _, name := range split(p) {
			if !slices.Contains(w.known, name) {
				w.known = append(w.known, name)
			}
		}
	}
	w.value(0)
	return w
}

var (
	someNames = []string{
		"a", "b", "c", "d", "A", "0", "1", "odd name", "other name", "*", "", "é", "type",
		strings.Repeat("n", 64), strings.Repeat("n", 65),
	}
	someScalars = []string{
		"null", "true", "false", "0", "-0", "1", "9007199254740993", "1.50e-7", `""`, `"x"`, `"null"`,
		`"1"`, `"<&>"`, `"\ud83d\ude00"`, `"\u2028\\\"\/"`, `"AT&T"`, "\"é\u2029\"",
	}
)

func (w *writer) space() {
	w.WriteString([]string{"", "", "", "", " ", "\n\t", "\r"}[w.IntN(7)])
}

func (w *writer) name(name string) {
	w.WriteByte('"')
	for _, r := range name {
		if r < utf8.RuneSelf && w.IntN(8) == 0 {
			fmt.Fprintf(w, `\u%04x`, r)
		} else {
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}

func (w *writer) value(depth int) {
	w.space()
	defer w.space()
	switch n := w.IntN(10); {
	case depth == 0 && n < 8, depth < 4 && n < 6:
		w.object(depth)
	case depth == 0, depth < 4 && n < 7:
		w.list(depth)
	default:
		w.WriteString(someScalars[w.IntN(len(someScalars))])
	}
}

func (w *writer) object(depth int) {
	w.WriteByte('{')
	w.space()
	names := someNames
	if w.IntN(3) > 0 {
		names = w.known
	}
	for i, n := range w.Perm(len(names))[:w.IntN(min(len(names), 7)+1)] {
		if i > 0 {
			w.WriteByte(',')
			w.space()
		}
		w.name(names[n])
		w.space()
		w.WriteByte(':')
		w.value(depth + 1)
	}
	w.WriteByte('}')
}

func (w *writer) list(depth int) {
	w.WriteByte('[')
	w.space()
	for i := range w.IntN(4) {
		if i > 0 {
			w.WriteByte(',')
		}
		w.value(depth + 1)
	}
	w.WriteByte(']')
}

func TestNothingButAllowedFieldsEverPasses(t *testing.T) {
	for i, s := range scenes() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			plan, oracle := s.both(t)
			passed := map[provider.Verdict]int{}
			for seed := range uint64(600) {
				w := newWriter(s, uint64(i), seed)
				status := []int{200, 200, 200, 403, 404, 500}[w.IntN(6)]
				res := agree(t, plan, oracle, status, []byte(w.String()))
				passed[res.Verdict] += res.Values
			}
			if passed[provider.Answer] < 5 {
				t.Errorf("only %d values came through: the test says too little", passed[provider.Answer])
			}
		})
	}
}

// agree applies a plan to a strict JSON text and compares with the oracle.
func agree(tb testing.TB, plan *Plan, o *oracle, status int, body []byte) Result {
	tb.Helper()
	res, err := plan.Apply(nil, status, body)
	if err != nil {
		tb.Fatalf("%s: %v", body, err)
	}
	agreeWith(tb, res, o, status, body)
	return res
}

func agreeWith(tb testing.TB, res Result, o *oracle, status int, body []byte) {
	tb.Helper()
	value := decode(tb, body)
	if want := o.verdict(status, value); res.Verdict != want {
		tb.Fatalf("%s\nverdict %s, want %s", body, res.Verdict, want)
	}
	if res.Verdict != provider.Answer {
		if res.Body != nil || res.Released != 0 || res.Values != 0 || res.Undocumented {
			tb.Fatalf("%s\nis no answer, and gives %+v", body, res)
		}
		return
	}
	if !json.Valid(res.Body) || !utf8.Valid(res.Body) {
		tb.Fatalf("%s\ngives %s, which is not JSON", body, res.Body)
	}
	want, _ := o.project(value, nil)
	if got := scalars(want); got != res.Values {
		tb.Fatalf("%s\n%d values, want %d", body, res.Values, got)
	}
	want = filled(want)
	if got := decode(tb, res.Body); !reflect.DeepEqual(got, want) {
		text, _ := json.Marshal(want)
		tb.Fatalf("%s\ngives %s\nwant  %s", body, res.Body, text)
	}
}

func scalars(value any) (n int) {
	switch value := value.(type) {
	case map[string]any:
		for _, v := range value {
			n += scalars(v)
		}
	case []any:
		for _, v := range value {
			n += scalars(v)
		}
	case gap:
	default:
		n = 1
	}
	return n
}

func TestAProjectionProjectsToItself(t *testing.T) {
	for i, s := range scenes() {
		s.rules = nil
		plan, _ := s.both(t)
		for seed := range uint64(500) {
			w := newWriter(s, seed, uint64(i))
			once, err := plan.Apply(nil, 200, []byte(w.String()))
			if err != nil {
				t.Fatal(err)
			}
			twice, err := plan.Apply(nil, 200, once.Body)
			if err != nil || string(twice.Body) != string(once.Body) || twice.Released != once.Released {
				t.Fatalf("%s\nonce  %s\ntwice %s, %v", w.String(), once.Body, twice.Body, err)
			}
		}
	}
}
