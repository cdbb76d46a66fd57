package attacks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// goodBody asks about the number that is at stake.
const goodBody = `{"phone":"` + harness.Number + `"}`

// post is a lookup as bytes. Fields are further header lines; Host and
// Content-Length are added.
func post(target, body string, fields ...string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + headerLines(fields) +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// lookup is a lookup that is answered.
func (a *arena) lookup(fields ...string) string {
	return post("/v1/lookup", goodBody, append(fields, "X-API-Key: "+a.Full.Key)...)
}

func (a *arena) dial(at site) net.Conn {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.address(at))
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(harness.Soon))
	return conn
}

// wire sends one request that says that it is the last, and returns all bytes
// that come back.
func (a *arena) wire(at site, request string) string {
	a.t.Helper()
	conn := a.dial(at)
	request = strings.Replace(request, "\r\n", "\r\nConnection: close\r\n", 1)
	if _, err := io.WriteString(conn, request); err != nil {
		a.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		a.t.Errorf("the answer did not end: %v", err)
	}
	return string(answer)
}

// replies sends bytes on a connection, and returns the answers that they get.
// The server learns that nothing more will come when the first one is there, or
// at once, which ends a request that is not whole, and cancels one that is.
func (a *arena) replies(at site, text string, atOnce bool) []harness.Reply {
	a.t.Helper()
	conn := a.dial(at)
	_, _ = io.WriteString(conn, text) // the server may have had enough before the end
	if atOnce {
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	from := bufio.NewReader(conn)
	var all []harness.Reply
	for {
		got, err := readReply(from)
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			a.t.Errorf("no answer, and the connection stays open")
		}
		if err != nil {
			return all
		}
		all = append(all, got)
		_ = conn.(*net.TCPConn).CloseWrite()
	}
}

func readReply(from *bufio.Reader) (harness.Reply, error) {
	resp, err := http.ReadResponse(from, nil)
	if err != nil {
		return harness.Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return harness.Reply{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}, err
}

// reply is replies for what gets one answer. A connection that is closed
// without one counts as 400.
func (a *arena) reply(at site, text string) harness.Reply {
	a.t.Helper()
	all := a.replies(at, text, false)
	switch {
	case len(all) == 0:
		return harness.Reply{Status: http.StatusBadRequest}
	case len(all) > 1:
		a.t.Errorf("one request got %d answers", len(all))
	}
	return all[0]
}

// open fails the test when a plain lookup is not answered: then what was refused
// before says nothing.
func (a *arena) open(at site) {
	a.t.Helper()
	if got := a.reply(at, a.lookup()); got.Status != http.StatusOK {
		a.t.Errorf("a plain lookup got %d %s: the attack says nothing", got.Status, got.Body)
	}
}

// quote writes a text as JSON has it, with no more escapes than it must have.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// unquoted is quote without the quotes.
func unquoted(text string) string {
	quoted := quote(text)
	return quoted[1 : len(quoted)-1]
}
