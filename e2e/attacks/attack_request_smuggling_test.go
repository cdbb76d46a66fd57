package attacks

import (
	"fmt"
	"strings"
	"testing"
)

// hidden is a lookup that a proxy in front takes for the body of another
// request. It is allowed: whoever gets it answered has a lookup at the expense of
// the caller whose key it is, and past what the proxy checks.
func (a *arena) hidden() string {
	return post("/v1/lookup", goodBody, "X-API-Key: "+a.Full.Key, "X-Hidden: yes")
}

// head is the first lines of a lookup without a length.
func (a *arena) head(fields ...string) string {
	return "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-Key: " + a.Full.Key + "\r\n" + headerLines(fields) + "\r\n"
}

// chunk is a body in one chunk, and the end.
func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// smuggle sends a request that two readers disagree on. It fails the test where
// the hidden lookup is answered, whatever becomes of the request itself.
func (a *arena) smuggle(name, text string) {
	a.t.Helper()
	replies := a.replies("", text, true)
	if len(replies) > 1 {
		a.t.Errorf("%s: the hidden request was answered: %d after %d", name, replies[1].Status, replies[0].Status)
	}
}

// TestAttackTwoLengths is request smuggling with Content-Length and
// Transfer-Encoding in one request ("HTTP Desync Attacks", J. Kettle, 2019;
// CVE-2020-8287, Node, with the field there twice). RFC 9112, section 6.1, has
// the server close the connection after such a request, so that what a proxy in
// front took for its body is not read as the next one.
func TestAttackTwoLengths(t *testing.T) {
	a := enter(t)
	empty := "0\r\n\r\n"
	whole := chunk(goodBody)
	for name, text := range map[string]string{
		"CL and TE, hidden in CL": a.head(fmt.Sprintf("Content-Length: %d", len(empty+a.hidden())), "Transfer-Encoding: chunked") + empty + a.hidden(),
		"TE and CL, hidden in CL": a.head("Transfer-Encoding: chunked", fmt.Sprintf("Content-Length: %d", len(empty+a.hidden()))) + empty + a.hidden(),
		"CL, TE and a good body":  a.head(fmt.Sprintf("Content-Length: %d", len(whole+a.hidden())), "Transfer-Encoding: chunked") + whole + a.hidden(),
		"TE:CL, hidden in chunk":  a.head("Content-Length: 4", "Transfer-Encoding: chunked") + chunk(a.hidden()),
		"two CL, first short":     a.head("Content-Length: 0", fmt.Sprintf("Content-Length: %d", len(a.hidden()))) + a.hidden(),
		"two CL, second short":    a.head(fmt.Sprintf("Content-Length: %d", len(a.hidden())), "Content-Length: 0") + a.hidden(),
		"a list of CL":            a.head(fmt.Sprintf("Content-Length: 0, %d", len(a.hidden()))) + a.hidden(),
		"CL with a sign":          a.head("Content-Length: +0") + a.hidden(),
		"negative CL":             a.head("Content-Length: -1") + a.hidden(),
		"CL in hexadecimal":       a.head("Content-Length: 0x0") + a.hidden(),
		"CL with a space inside":  a.head("Content-Length: 0 1") + a.hidden(),
		"empty CL":                a.head("Content-Length:") + a.hidden(),
		"CL beyond 64 bits":       a.head("Content-Length: 18446744073709551616") + a.hidden(),
		"CL with underscore":      a.head("Content-Length: 0_0") + a.hidden(),
		"CL before a space":       a.head("Content-Length : 0") + a.hidden(),
		"CL folded":               a.head("Content-Length:\r\n 0", fmt.Sprintf("Content-Length: %d", len(a.hidden()))) + a.hidden(),
		"HTTP/1.0 and TE":         strings.Replace(a.head("Transfer-Encoding: chunked"), "HTTP/1.1", "HTTP/1.0", 1) + empty + a.hidden(),
		"HTTP/1.0, CL and TE":     strings.Replace(a.head("Connection: keep-alive", "Content-Length: 2", "Transfer-Encoding: chunked"), "HTTP/1.1", "HTTP/1.0", 1) + "{}" + a.hidden(),
	} {
		a.smuggle(name, text)
	}
	a.open("")
}

// TestAttackTransferEncoding writes Transfer-Encoding so that some readers take
// it for chunked and others do not (CVE-2022-1705, Go; CVE-2020-7238, Netty).
func TestAttackTransferEncoding(t *testing.T) {
	a := enter(t)
	for _, field := range []string{
		"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip, chunked",
		"Transfer-Encoding: chunked, chunked", "Transfer-Encoding : chunked", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: \x0bchunked",
		"Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: chunk", "Transfer-Encoding: identity",
		"Transfer-Encoding:chunked\x00", " Transfer-Encoding: chunked", "X: x\r\n Transfer-Encoding: chunked", "X: x\nTransfer-Encoding: chunked",
		"X: x\rTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
		"Transfer_Encoding: chunked", "Transfer-Encoding:\r\n chunked", "TRANSFER-ENCODING: CHUNKED", "Transfer-Encoding: ", "Transfer-Encoding: chun\u212aed",
	} {
		body := "0\r\n\r\n" + a.hidden()
		a.smuggle(field+" and CL", a.head(fmt.Sprintf("Content-Length: %d", len(body)), field)+body)
	}
	a.open("")
}

// TestAttackChunks writes chunks so that two readers disagree on where the body
// ends: lone line feeds (CVE-2025-22871, Go), sizes beyond the machine's integers
// (CVE-2013-2028, nginx), extensions and trailers with more in them
// (CVE-2023-39326, Go).
func TestAttackChunks(t *testing.T) {
	a := enter(t)
	n := fmt.Sprintf("%x", len(goodBody))
	for name, body := range map[string]string{
		"line feeds alone":          n + "\n" + goodBody + "\n0\n\n" + a.hidden(),
		"line feed after a size":    n + ";\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"line feed in an extension": n + ";a\nb\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"CR alone":                  n + "\r" + goodBody + "\r0\r\r" + a.hidden(),
		"line feed at the end":      n + "\r\n" + goodBody + "\r\n0\n\r\n" + a.hidden(),
		"size beyond 64 bits":       "1" + strings.Repeat("0", 16) + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"size of 2^64-1":            strings.Repeat("f", 16) + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"size of 2^63":              "8" + strings.Repeat("0", 15) + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"size with 0x":              "0x" + n + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"size with a sign":          "+" + n + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"negative size":             "-1\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"size with underscore":      "0_0\r\n\r\n" + a.hidden(),
		"no size":                   "\r\n\r\n" + a.hidden(),
		"size with leading space":   " 0\r\n\r\n" + a.hidden(),
		"no end of the data":        n + "\r\n" + goodBody + "0\r\n\r\n" + a.hidden(),
		"data longer than its size": "2\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"huge extension":            n + ";" + strings.Repeat("x", 1<<20) + "\r\n" + goodBody + "\r\n0\r\n\r\n" + a.hidden(),
		"extensions with each byte": strings.Repeat("1;"+strings.Repeat("x", 2000)+"\r\n \r\n", 400) + "0\r\n\r\n" + a.hidden(),
		"trailer that is a length":  n + "\r\n" + goodBody + "\r\n0\r\nContent-Length: 9\r\nX-API-Key: wrong\r\n\r\n" + a.hidden(),
		"huge trailer":              n + "\r\n" + goodBody + "\r\n0\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n" + a.hidden(),
	} {
		a.smuggle(name, a.head("Transfer-Encoding: chunked")+body)
	}
	a.open("")
}

// TestAttackBodyOfRefusedRequest hides a lookup in the body of a request that is
// refused before its body is read: with a wrong key, at an unknown path, from a
// browser, too large, or a GET ("CL.0", "Browser-Powered Desync Attacks",
// J. Kettle, 2022). A server that leaves the body in the connection reads it as
// the next request.
func TestAttackBodyOfRefusedRequest(t *testing.T) {
	a := enter(t)
	key := "X-API-Key: " + a.Full.Key
	get := "GET /api/validate?number=14158586273 HTTP/1.1\r\nHost: localhost\r\n" + key + "\r\n"
	long := strings.Repeat(" ", 10_000)
	for name, text := range map[string]string{
		"a wrong key":          post("/v1/lookup", a.hidden(), "X-API-Key: wrong"),
		"no key":               post("/v1/lookup", a.hidden()),
		"unknown path":         post("/v1/nothing", a.hidden(), key),
		"a browser":            post("/v1/lookup", a.hidden(), key, "Origin: https://site.example"),
		"no JSON":              post("/v1/lookup", a.hidden(), key),
		"too large":            post("/v1/lookup", long+a.hidden(), key),
		"far too large":        post("/v1/lookup", strings.Repeat(" ", 1<<20)+a.hidden(), key),
		"a compressed body":    post("/v1/lookup", a.hidden(), key, "Content-Encoding: gzip"),
		"waits for a continue": post("/v1/lookup", a.hidden(), "X-API-Key: wrong", "Expect: 100-continue"),
		"another expectation":  post("/v1/lookup", a.hidden(), key, "Expect: a-miracle"),
		"GET":                  get + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(a.hidden())) + a.hidden(),
		"GET, long":            get + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(long+a.hidden())) + long + a.hidden(),
		"GET, chunked":         get + "Transfer-Encoding: chunked\r\n\r\n" + chunk(a.hidden()),
		"HEAD":                 strings.Replace(post("/v1/lookup", a.hidden(), key), "POST", "HEAD", 1),
		"OPTIONS":              strings.Replace(post("/v1/lookup", a.hidden(), key), "POST", "OPTIONS", 1),
		"TRACE":                strings.Replace(post("/v1/lookup", a.hidden(), key), "POST", "TRACE", 1),
		"upgrade":              post("/v1/lookup", a.hidden(), key, "Connection: Upgrade", "Upgrade: websocket"),
		"a bad target":         strings.Replace(post("/v1/lookup", a.hidden(), key), "/v1/lookup", "v1/lookup", 1),
		"a bad version":        strings.Replace(post("/v1/lookup", a.hidden(), key), "HTTP/1.1", "HTTP/9.9", 1),
	} {
		a.smuggle(name, text)
	}
	a.open("")
}
