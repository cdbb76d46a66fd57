package leakhunt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// hunter sends hostile requests over connections of its own.
type hunter struct {
	*hunt
	rng    *rand.Rand
	client http.Client
}

// sendRequests sends requests until it is told to stop.
func (h *hunt) sendRequests() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range hunters {
		one := hunter{
			hunt: h, rng: rand.New(rand.NewPCG(h.rng.Uint64(), h.rng.Uint64())),
			client: http.Client{
				Transport:     &http.Transport{},
				Timeout:       10 * time.Second,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
		}
		all.Go(func() {
			defer one.client.CloseIdleConnections()
			for ctx.Err() == nil {
				one.attack(ctx)
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// request is one to be sent, as text that can be spoiled.
type request struct {
	method, target, body string
	header               http.Header
	number, key          string // that it is about, and that it shows
	impatient            bool   // leaves before the answer
}

func (o *hunter) attack(ctx context.Context) {
	p := o.presets[o.rng.IntN(len(o.presets))]
	r := o.plain(p)
	for range o.rng.IntN(4) {
		spoils[o.rng.IntN(len(spoils))](o, r)
	}
	o.requests.Add(1)
	if o.rng.IntN(20) == 0 {
		o.raw(ctx, p, r)
		return
	}
	o.send(ctx, p, r)
}

// plain is a request that is to be answered.
func (o *hunter) plain(p *preset) *request {
	r := &request{method: p.method, number: o.numbers[o.rng.IntN(len(o.numbers))], key: o.Minimal.Key, header: make(http.Header)}
	if o.rng.IntN(2) == 0 {
		r.key = o.Full.Key
	}
	r.target, r.body = p.about(r.number)
	if r.body != "" {
		r.header.Set("Content-Type", p.contentType)
	}
	r.header.Set("X-API-Key", r.key)
	return r
}

func (o *hunter) send(ctx context.Context, p *preset, r *request) {
	limit := 10 * time.Second
	if r.impatient {
		limit = time.Duration(1+o.rng.IntN(30)) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, "http://127.0.0.1:"+p.port+r.target, strings.NewReader(r.body))
	if err != nil {
		o.raw(ctx, p, r) // Go's client is too tidy for it
		return
	}
	req.Header = r.header
	resp, err := o.client.Do(req)
	if err != nil {
		return // the caller left, or the config changed
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body) // what came is searched
	var header bytes.Buffer
	_ = resp.Header.Write(&header)
	_ = resp.Trailer.Write(&header)
	o.text("the headers of an answer", header.String(), true)
	o.text("an answer", string(body), resp.StatusCode != http.StatusOK)
	if resp.StatusCode == http.StatusOK {
		o.answer(p.name)
	}
}

// raw sends a request byte by byte as it is, and whatever else comes to mind.
func (o *hunter) raw(ctx context.Context, p *preset, r *request) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+p.port)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.%d\r\nHost: x\r\n", r.method, r.target, o.rng.IntN(3))
	_ = r.header.Write(&text)
	switch o.rng.IntN(4) {
	case 0:
		fmt.Fprintf(&text, "Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s", len(r.body), r.body)
	case 1:
		fmt.Fprintf(&text, "%s: %s\r\n%s\r\n\r\n", r.number, r.key, r.key)
	case 2:
		fmt.Fprintf(&text, "Transfer-Encoding: chunked\r\n\r\n%s\r\n%s", r.number, r.key)
	default:
		fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", 2*len(r.body)+1, r.body)
	}
	_, _ = conn.Write(text.Bytes())
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	answer, _ := io.ReadAll(conn)
	o.text("an answer to garbage", string(answer), !bytes.Contains(answer, []byte(" 200 ")))
}
