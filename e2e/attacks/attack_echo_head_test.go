package attacks

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// TestAttackEchoOutsideBody has the provider repeat its key, in clear, in base64
// and in hexadecimal, in all parts of an answer that are not its body: the text of the status, headers, cookies, trailers, interim
// answers (reverse proxies pass these on by themselves) and where redirects lead.
// A proxy that only looks at bodies gives the key away
// (Infisical/agent-vault#1137 has the streamed forms).
func TestAttackEchoOutsideBody(t *testing.T) {
	a := enter(t)
	const good = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
	chunked := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-Key\r\n\r\n" +
		fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(answerWith("mobile")), answerWith("mobile"))
	answers := map[string]string{
		"status text":        "HTTP/1.1 200 KEY\r\n" + good,
		"status text, error": "HTTP/1.1 401 KEY\r\n" + good,
		"headers": "HTTP/1.1 200 OK\r\nX-Api-Key: KEY\r\nAuthorization: Bearer KEY\r\nServer: KEY\r\nX-Request-Id: KEY\r\nRetry-After: KEY\r\n" +
			"Cache-Control: KEY\r\nWWW-Authenticate: Bearer realm=\"KEY\"\r\nETag: \"KEY\"\r\nVary: KEY\r\nRateLimit: KEY\r\nAlt-Svc: KEY\r\n" + good,
		"a header's name":  "HTTP/1.1 200 OK\r\nX-" + hexKey + ": 1\r\n" + good,
		"cookie":           "HTTP/1.1 200 OK\r\nSet-Cookie: key=KEY; HttpOnly\r\n" + good,
		"type":             "HTTP/1.1 200 OK\r\nContent-Type: application/json; profile=\"KEY\"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
		"trailer":          chunked + "X-Key: KEY\r\n\r\n",
		"surprise trailer": strings.Replace(chunked, "Trailer: X-Key\r\n", "", 1) + "X-Key: KEY\r\n\r\n",
		"early hints":      "HTTP/1.1 103 Early Hints\r\nLink: </KEY>; rel=preload\r\nX-Key: KEY\r\n\r\nHTTP/1.1 200 OK\r\n" + good,
		"processing":       "HTTP/1.1 102 KEY\r\nX-Key: KEY\r\n\r\nHTTP/1.1 200 OK\r\n" + good,
		"continue":         "HTTP/1.1 100 KEY\r\nX-Key: KEY\r\n\r\nHTTP/1.1 200 OK\r\n" + good,
		"another protocol": "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: KEY\r\n\r\nKEY",
		"redirect":         "HTTP/1.1 302 Found\r\nLocation: https://x.example/?key=KEY\r\n" + good,
		"refresh":          "HTTP/1.1 200 OK\r\nRefresh: 0; url=https://x.example/KEY\r\n" + good,
		"surplus bytes":    "HTTP/1.1 200 OK\r\n" + good + "KEY",
		"no HTTP":          "KEY\r\n\r\nKEY",
		"a broken header":  "HTTP/1.1 200 OK\r\nKEY\r\n" + good,
		"HTTP/0.9":         "{\"success\":true,\"key\":\"KEY\"}",
	}
	encodings := map[string]func(string) string{
		"in clear":       func(key string) string { return key },
		"in base64":      func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) },
		"in Basic":       func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key + ":")) },
		"in hexadecimal": func(key string) string { return hex.EncodeToString([]byte(key)) },
	}
	for name, text := range answers {
		for how, encode := range encodings {
			a.villain.answers(t, func(v visit) {
				v.sends(strings.NewReplacer("KEY", encode(v.key), hexKey, hex.EncodeToString([]byte(v.key))).Replace(text))
			})
			a.paid(1, func() { a.keepsSecrets(name+" "+how, a.wire(toVillain, a.lookup())) })
		}
	}
}

// hexKey stands for the key where only letters and digits can stand.
const hexKey = "HEX"
