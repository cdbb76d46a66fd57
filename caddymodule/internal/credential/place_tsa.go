package credential

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"
)

// tsaMethod is how the signature is made, in Telesign's words.
const tsaMethod = "HMAC-SHA256"

// placeTSA signs a request as Telesign's clients do.
func placeTSA(req *http.Request, body []byte, customer, key Field, now time.Time) error {
	id, err := revealLine(customer)
	if err != nil {
		return err
	}
	encoded, err := revealLine(key)
	if err != nil {
		return err
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	defer clear(secret)
	if err != nil || len(secret) == 0 { // the decoder's error quotes the key
		return fmt.Errorf("field %q is not base64, as a key for signing must be: %w", key.Name, ErrPlacement)
	}
	setHeader(req, "Date", now.UTC().Format(http.TimeFormat))
	setHeader(req, "X-Ts-Auth-Method", tsaMethod)
	setHeader(req, "X-Ts-Nonce", rand.Text())
	setHeader(req, "Authorization", "TSA "+id+":"+tsaSignature(req, body, secret))
	return nil
}

// tsaSignature computes the signature over a request that is complete but for it.
//
// What is signed was read from the vendor's client (npm telesignsdk 3.0.4,
// src/RestClient.js, generateTeleSignHeaders): lines without a line feed at the
// end; the content type as it is sent, which is an empty line for a GET; the body
// as it is sent, whose line is missing where there is none; last the path, without
// host and query.
func tsaSignature(req *http.Request, body, secret []byte) string {
	text := req.Method +
		"\n" + req.Header.Get("Content-Type") +
		"\n" + req.Header.Get("Date") +
		"\nx-ts-auth-method:" + req.Header.Get("X-Ts-Auth-Method") +
		"\nx-ts-nonce:" + req.Header.Get("X-Ts-Nonce")
	if len(body) > 0 {
		text += "\n" + string(body)
	}
	text += "\n" + req.URL.EscapedPath()
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(text)) // never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
