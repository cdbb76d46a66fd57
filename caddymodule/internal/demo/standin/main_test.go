package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// running is a stand-in in this process.
type running struct {
	ready
	t      *testing.T
	client *http.Client
	record string
	stop   func() error
}

func start(t *testing.T) *running {
	t.Helper()
	dir := t.TempDir()
	caFile, record := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "record.jsonl")
	in, closeIn := io.Pipe()
	out, printed := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run([]string{"-provider", "numverify,checkthatphone", "-key", "k1", "-record", record, "-ca-out", caFile}, in, printed)
		_ = printed.Close()
	}()
	s := &running{t: t, record: record, stop: func() error { _ = closeIn.Close(); return <-ended }}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err, <-ended)
	}
	if err := json.Unmarshal(line, &s.ready); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	s.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	return s
}

func (s *running) get(url string) (int, string) {
	s.t.Helper()
	return s.answer(s.client.Get(url))
}

func (s *running) order(path, body string) int {
	s.t.Helper()
	status, _ := s.answer(s.client.Post(s.Control+path, "application/json", strings.NewReader(body)))
	return status
}

func (s *running) answer(resp *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (s *running) lookup(key string) (int, string) {
	s.t.Helper()
	return s.get(s.URLs["numverify"] + "/api/validate?number=14158586273&access_key=" + key)
}

func TestOrdersAreObeyed(t *testing.T) {
	s := start(t)
	const valid, refused = `"valid":true`, "invalid_access_key"
	for _, step := range []struct{ path, order, key, want string }{
		{"", "", "k1", valid},
		{"", "", "k2", refused},
		{"/keys", `{"provider":"numverify","keys":["k2"]}`, "k2", valid},
		{"", "", "k1", refused},
		{"/fault", `{"provider":"numverify","gallery":"not json"}`, "k2", "<html>"},
		{"", "", "k2", valid}, // a fault is for one request
		{"/fault", `{"provider":"numverify","documented":"quota","sticky":true}`, "k2", "usage_limit_reached"},
		{"", "", "k2", "usage_limit_reached"},
		{"/fault", `{"provider":"numverify"}`, "k2", valid},
		{"/fault", `{"provider":"numverify","status":500,"body":"{\"own\":1}"}`, "k2", `{"own":1}`},
	} {
		if step.path != "" && s.order(step.path, step.order) != http.StatusNoContent {
			t.Fatalf("%s %s is refused", step.path, step.order)
		}
		if _, got := s.lookup(step.key); !strings.Contains(got, step.want) {
			t.Errorf("after %s %s: got %s", step.path, step.order, got)
		}
	}
	if _, got := s.get(s.Control + "/calls"); got != "{\"checkthatphone\":0,\"numverify\":10}\n" {
		t.Errorf("calls: %s", got)
	}
	record, err := os.ReadFile(s.record)
	if err != nil || strings.Count(string(record), "\n") != 10 || !strings.Contains(string(record), "access_key=k1") {
		t.Errorf("the record is %s, %v", record, err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := s.client.Get(s.Control + "/calls"); err == nil {
		t.Error("it serves on when its standard input has ended")
	}
}

func TestHeldRequestWaitsToBeLetGo(t *testing.T) {
	s := start(t)
	defer func() { _ = s.stop() }()
	if s.order("/hold", `{"provider":"numverify"}`) != http.StatusNoContent {
		t.Fatal("/hold is refused")
	}
	answered := make(chan string)
	go func() {
		_, got := s.lookup("k1")
		answered <- got
	}()
	deadline := time.After(30 * time.Second)
	for held := ""; held != "{\"checkthatphone\":0,\"numverify\":1}\n"; _, held = s.get(s.Control + "/held") {
		select {
		case got := <-answered:
			t.Fatalf("answered at once: %s", got)
		case <-deadline:
			t.Fatalf("held: %s", held)
		default:
		}
	}
	if _, got := s.lookup("k1"); !strings.Contains(got, `"valid":true`) {
		t.Errorf("another request: got %s", got)
	}
	s.order("/open", `{"provider":"numverify"}`)
	if got := <-answered; !strings.Contains(got, `"valid":true`) {
		t.Errorf("when let go: got %s", got)
	}
}

func TestMisspeltOrdersAreRefused(t *testing.T) {
	s := start(t)
	defer func() { _ = s.stop() }()
	for _, order := range [][2]string{
		{"/keys", `{"provider":"other","keys":["k"]}`},
		{"/keys", `{"provider":"numverify","key":"k"}`},
		{"/fault", `{"provider":"numverify","gallery":"no such"}`},
		{"/fault", `{"provider":"numverify","documented":"no such"}`},
		{"/fault", `{"provider":"numverify","gallery":"gzip","documented":"quota"}`},
		{"/fault", `{"provider":"numverify","wait":true}`},
		{"/fault", `{"provider":"numverify","statsu":500}`},
		{"/hold", `not JSON`},
	} {
		if got := s.order(order[0], order[1]); got != http.StatusBadRequest {
			t.Errorf("%s %s: got %d", order[0], order[1], got)
		}
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-provider", "numverify", "-key", "k", "-record", filepath.Join(t.TempDir(), "r")},
		{"-provider", "nobody", "-key", "k", "-record", filepath.Join(t.TempDir(), "r"), "-ca-out", filepath.Join(t.TempDir(), "ca")},
		{"-provider", "numverify", "-key", "k", "-record", "/nowhere/r", "-ca-out", filepath.Join(t.TempDir(), "ca")},
		{"-provider", "numverify", "-key", "k", "-record", filepath.Join(t.TempDir(), "r"), "-ca-out", filepath.Join(t.TempDir(), "ca"), "extra"},
	} {
		if err := run(args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
