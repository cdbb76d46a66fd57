package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"
)

// numbers is how many numbers are asked about, all valid in the US.
const numbers = 10_000

// client asks one proxy over one connection and checks every answer.
type client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte // as it is sent, with the number in it
	number  []byte // the part of request that changes: the last four digits
	body    []byte
	want    *answer
}

// requestTimeout bounds one request: no proxy here answers later on its own.
const requestTimeout = 15 * time.Second

func dial(address, credential string, want *answer) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, reader: bufio.NewReader(conn), want: want, body: make([]byte, 0, 4096)}
	const body = `{"phone":"+14158580000"}`
	c.request = fmt.Appendf(nil, "POST /v1/lookup HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, credential, len(body), body)
	c.number = c.request[len(c.request)-len(`0000"}`):][:4]
	return c, nil
}

func (c *client) close() { _ = c.conn.Close() }

// lookUp asks about a number.
func (c *client) lookUp(number int) error {
	status, err := c.ask(number)
	if err != nil {
		return err
	}
	if status != http.StatusOK || !c.want.fits(c.body, c.number) {
		return fmt.Errorf("wrong answer: status %d, %.300q", status, c.body)
	}
	return nil
}

func (c *client) ask(number int) (status int, err error) {
	for i := range c.number {
		c.number[len(c.number)-1-i] = byte('0' + number%10)
		number /= 10
	}
	if err := c.conn.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body := bytes.NewBuffer(c.body[:0])
	_, err = io.Copy(body, resp.Body)
	c.body = body.Bytes()
	return resp.StatusCode, err
}

// answer is what a proxy has to answer with: the same for every number, but for
// the number.
type answer struct{ before, after []byte }

func (a *answer) fits(body, number []byte) bool {
	return len(body) == len(a.before)+len(number)+len(a.after) &&
		bytes.HasPrefix(body, a.before) && bytes.HasSuffix(body, a.after) &&
		bytes.Equal(body[len(a.before):][:len(number)], number)
}

// released are the fields that contenders with an allow-list let out.
var released = []string{"deliverable", "dipCarrierType", "nanpType", "subscriber"}

// wholeAnswer is the size of the provider's answer.
const wholeAnswer = 900

var errAnswer = errors.New("not the answer that was expected")

// learn asks once, checks that the answer means what it should, and keeps it as
// the pattern of all others.
func learn(address, credential string, filters bool) (*answer, error) {
	c, err := dial(address, credential, nil)
	if err != nil {
		return nil, err
	}
	defer c.close()
	status, err := c.ask(7391) // a number that nothing else in the answer looks like
	if err != nil {
		return nil, err
	}
	var got struct {
		Success bool
		Data    map[string]any
	}
	if status != http.StatusOK || json.Unmarshal(c.body, &got) != nil || !got.Success || got.Data["subscriber"] != "4158587391" {
		return nil, fmt.Errorf("%w: status %d, %.300q", errAnswer, status, c.body)
	}
	names := slices.Sorted(maps.Keys(got.Data))
	if whole := len(c.body) == wholeAnswer; whole == filters || filters && !slices.Equal(names, released) {
		return nil, fmt.Errorf("%w: fields %v", errAnswer, names)
	}
	before, after, _ := bytes.Cut(c.body, c.number)
	return &answer{bytes.Clone(before), bytes.Clone(after)}, nil
}
