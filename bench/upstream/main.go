// Command upstream plays the provider in the benchmark: CheckThatPhone's lookup
// over TLS 1.3, with an answer of 900 bytes that names the number asked about.
// Whoever shows another key than the provider's gets 401.
//
// It prints one line of JSON with its two addresses, one of which is slow to
// answer, and ends with its standard input.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

var (
	key   = flag.String("key", "", "the provider's key")
	caOut = flag.String("ca-out", "", "where the certificate to trust is written")
	delay = flag.Duration("delay", 300*time.Millisecond, "how long the slow address waits")
	http2 = flag.Bool("http2", false, "offer HTTP/2 too")
)

func main() {
	flag.Parse()
	certificate, err := newCertificate()
	if err != nil {
		log.Fatal(err)
	}
	addresses := map[string]string{"fast": serve(certificate, 0), "slow": serve(certificate, *delay)}
	if err := json.NewEncoder(os.Stdout).Encode(addresses); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until whoever started this is gone
}

// serve answers on a free port, and returns its address.
func serve(certificate tls.Certificate, delay time.Duration) string {
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}}
	if *http2 {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: lookup(delay), TLSConfig: config, ReadHeaderTimeout: time.Minute}
	go func() { log.Fatal(server.ServeTLS(listener, "", "")) }()
	return listener.Addr().String()
}

func lookup(delay time.Duration) http.Handler {
	authorization := "Bearer " + *key
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 4096))
		number, asked := numberIn(body)
		switch {
		case err != nil || !asked || r.Method != http.MethodPost || r.URL.Path != "/v1/lookup":
			http.Error(w, `{"error":"Bad request"}`, http.StatusBadRequest)
			return
		case r.Header.Get("Authorization") != authorization:
			http.Error(w, `{"error":"Unauthorized"}`, http.StatusUnauthorized)
			return
		}
		time.Sleep(delay)
		answer := make([]byte, 0, answerSize)
		answer = append(append(append(answer, before...), number...), after...)
		w.Header()["Content-Type"] = []string{"application/json"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
		_, _ = w.Write(answer) // the proxy is gone otherwise, and shows that itself
	})
}

// numberIn finds the ten digits of {"phone":"+14155550100"}; the first two
// characters are missing in the national form.
func numberIn(body []byte) (number []byte, found bool) {
	_, rest, found := bytes.Cut(body, []byte(`"phone":"`))
	number, _, ended := bytes.Cut(rest, []byte(`"`))
	number = bytes.TrimPrefix(number, []byte("+1"))
	return number, found && ended && len(number) == 10
}

const answerSize = 900

// The answer, around the number. It has the provider's documented fields.
var before, after = answerAround()

func answerAround() (before, after string) {
	before = `{"success":true,"credits_used":1,"data":{"subscriber":"`
	after = `","optDate":"","action":"deliver","deliverable":"true","reason":"none","nanpType":"mobile",` +
		`"blackList":"false","smsEligible":"true","doNotSms":"false","deactivationDate":"","ipResult":"",` +
		`"dip":"true","dipLrn":"4158580000","dipPorted":"false","dipOcn":"6529","dipCarrier":"T-MOBILE USA, INC.",` +
		`"dipCarrierSubType":"facilities","dipCarrierType":"wireless","dipMessagingLookup":"true",` +
		`"dipMessagingEnabled":"true","dipMessagingProvider":"T-Mobile US","dipMessagingRefId":"0f8fad5bd9cb469fa165",` +
		`"dipMessagingCountryCode":"1","dncStateChecked":"false","dncStateResult":"","dncStateCovered":"false",` +
		`"geoCountry":"US","geoState":"CA","geoMetro":807,"geoSource":"npanxx","timezone":"America/Los_Angeles",` +
		`"tzOffset":-8,"error":"","geoCity":"`
	const number, end = "4158580000", `"}}`
	padding := answerSize - len(before) - len(number) - len(after) - len(end)
	if padding < 0 {
		panic(fmt.Sprintf("the answer is %d bytes too long", -padding))
	}
	return before, after + string(bytes.Repeat([]byte("x"), padding)) + end
}

// newCertificate makes a certificate for loopback that signs itself, and writes
// it to where proxies read what to trust.
func newCertificate() (tls.Certificate, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "Ringward benchmark"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, os.WriteFile(*caOut, text, 0o600)
}
