package attacks

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostMemory is how much memory Ringward had at most so far, in KiB; 0 where that
// cannot be told.
func (a *arena) mostMemory() int {
	a.t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(a.Process.PID()) + "/status")
	if err != nil {
		a.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		a.t.Fatal(err)
	}
	return kib
}

// TestAttackBomb has the provider send answers that are small on the wire and
// huge when they are read, compressed once and twice, or huge as they are, or
// never end (GHSA-gfj3-cmff-q8wh, a response that was buffered without a bound).
// Ringward would run out of memory.
func TestAttackBomb(t *testing.T) {
	a := enter(t)
	huge := strings.Repeat("x", 64<<20)
	bombs := map[string]func(visit){
		"no compression": func(v visit) { v.sendsJSON(answerWith(huge)) },
		"spaces":         func(v visit) { v.sendsJSON(strings.Repeat(" ", 64<<20) + answerWith("mobile")) },
		"deep":           func(v visit) { v.sendsJSON(strings.Repeat(`{"data":`, 60_000/8)) },
		"deep arrays":    func(v visit) { v.sendsJSON(`{"data":` + strings.Repeat("[", 60_000)) },
		"many members":   func(v visit) { v.sendsJSON(`{"data":{` + strings.Repeat(`"nanpType":"x",`, 4000) + `"a":1}}`) },
		"a lie on length": func(v visit) {
			v.sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9223372036854775807\r\n\r\n{")
		},
		"endless chunks":   endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n"),
		"endless headers":  endless("HTTP/1.1 200 OK\r\n", "X-Endless: "+strings.Repeat("x", 1000)+"\r\n"),
		"endless name":     endless("HTTP/1.1 200 OK\r\n", strings.Repeat("x", 1000)),
		"endless hints":    endless("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
		"endless status":   endless("HTTP/1.1 200 ", strings.Repeat("x", 1000)),
		"endless trailers": endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", "X-Endless: x\r\n"),
		"endless chunk":    endless("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 1000)),
	}
	for _, encoding := range []string{"gzip", "deflate", "br"} {
		with := encoders[encoding]
		small := compressed(with, answerWith(huge))
		twice := compressed(with, small)
		bombs[encoding] = func(v visit) { v.sendsJSON(small, "Content-Encoding: "+encoding) }
		bombs[encoding+" twice"] = func(v visit) { v.sendsJSON(twice, "Content-Encoding: "+encoding+", "+encoding) }
	}
	a.open("")
	before := a.mostMemory()
	for name, bomb := range bombs {
		a.villain.answers(t, bomb)
		a.paid(1, func() {
			a.refused(name, a.reply(toVillain, a.lookup()), http.StatusBadGateway, http.StatusGatewayTimeout)
		})
	}
	if grown := (a.mostMemory() - before) >> 10; grown > 64 {
		t.Errorf("Ringward took %d MiB more", grown)
	}
}

// endless sends a text, then another until nobody listens.
func endless(first, again string) func(visit) {
	return func(v visit) {
		v.sends(first)
		for {
			if _, err := v.Write([]byte(again)); err != nil {
				return
			}
		}
	}
}

// TestAttackSlowAnswer has the provider send its answer slowly, or stop in the
// middle: callers and their connections would wait for as long as it likes. The
// route has a timeout of 1 s.
func TestAttackSlowAnswer(t *testing.T) {
	a := enter(t)
	over := make(chan struct{})
	defer close(over)
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
	for name, answer := range map[string]func(visit){
		"no answer":         func(visit) { <-over },
		"stops in the head": func(v visit) { v.sends("HTTP/1.1 200 OK\r\nX-Slow: "); <-over },
		"stops in the body": func(v visit) { v.sends(head); <-over },
		"drips": func(v visit) {
			v.sends(head)
			for range 900 {
				select {
				case <-over:
					return
				case <-time.After(50 * time.Millisecond):
					v.sends(" ")
				}
			}
		},
	} {
		a.villain.answers(t, answer)
		a.paid(1, func() {
			begun := time.Now()
			a.refused(name, a.reply(toVillain, a.lookup()), http.StatusGatewayTimeout)
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("%s: the caller waited for %s", name, took)
			}
		})
	}
}
