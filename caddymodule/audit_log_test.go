package caddymodule

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// collector takes lines over TCP.
type collector struct {
	address string
	lines   atomic.Int64
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	c := &collector{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					if strings.Contains(lines.Text(), `"request_id"`) {
						c.lines.Add(1)
					}
				}
			}()
		}
	}()
	return c
}

// TestOneOfTwoAuditLogsIsEnough: the file is taken away, and the collector goes on.
func TestOneOfTwoAuditLogsIsEnough(t *testing.T) {
	s, c := newStage(t, "checkthatphone"), newCollector(t)
	dir := filepath.Join(s.Dir, "log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.AuditFile = filepath.Join(dir, "audit.jsonl")
	s.Audit = "pseudonym_key vault secret/audit key\n also tcp " + c.address
	s.start()
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Fatalf("with both: got %d %s", got.status, got.body)
	}
	s.await("the collector", func() bool { return c.lines.Load() == 1 })
	s.await("the file", func() bool { return strings.Count(readText(t, s.AuditFile), `"request_id"`) == 1 })
	// A file in place of the directory: nobody can write there, not even root.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
			t.Errorf("lookup %d without the file: got %d %s", i+1, got.status, got.body)
		}
	}
	s.await("the collector to have them", func() bool { return c.lines.Load() == 6 })
}

// TestDurabilityDecidesWhatWaits: with the log out of order, nothing is paid for,
// whatever the durability.
func TestDurabilityDecidesWhatWaits(t *testing.T) {
	for _, tt := range []struct {
		durability string
		lines      int // of one lookup
	}{{"strict", 2}, {"sync", 1}, {"async", 1}} {
		t.Run(tt.durability, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.Audit = "pseudonym_key vault secret/audit key\n durability " + tt.durability
			s.start()
			got := s.lookup(s.Full, canaryNumber)
			if got.status != 200 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			file := filepath.Join(s.Dir, "audit.jsonl")
			id := `"request_id":"` + got.header.Get("X-Request-Id") + `"`
			s.await("the entry", func() bool { return strings.Count(readText(t, file), id) == tt.lines })
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(file, 0o700); err != nil { // in its place
				t.Fatal(err)
			}
			calls := s.provider.Calls()
			s.await("a refusal", func() bool {
				got := s.lookup(s.Full, canaryNumber)
				return got.status == 503 && strings.Contains(got.body, "Temporarily unavailable")
			})
			if paid := s.provider.Calls() - calls; tt.durability == "strict" && paid != 0 {
				t.Errorf("%d lookups were paid for without an intent", paid)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			s.await("recovery", func() bool { return s.lookup(s.Full, canaryNumber).status == 200 })
		})
	}
}

// TestNothingIsAnsweredWithoutTheSigningKey, and all is as soon as it is there.
func TestNothingIsAnsweredWithoutTheSigningKey(t *testing.T) {
	signer, _, err := audit.GenerateKey("test")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, "checkthatphone")
	s.start() // the credential is loaded, and stays
	s.vault.Put("secret/signing", map[string]string{"key": signer})
	s.vault.SetSealed(true)
	s.AuditFile = filepath.Join(s.Dir, "signed.jsonl")
	s.Audit = "pseudonym_key vault secret/audit key\n signing_key vault secret/signing key"
	s.start()
	if got := s.lookup(s.Full, canaryNumber); got.status != 503 {
		t.Errorf("without the key: got %d %s", got.status, got.body)
	}
	s.vault.SetSealed(false)
	s.await("the key", func() bool { return s.lookup(s.Full, canaryNumber).status == 200 })
	if text := readText(t, s.AuditFile); !strings.Contains(text, `"type":"checkpoint"`) || strings.Contains(text, "PRIVATE") {
		t.Error("nothing is signed")
	}
	s.vault.Put("secret/unfit", map[string]string{"key": "PUBLIC+KEY"})
	s.AuditFile = filepath.Join(s.Dir, "other.jsonl")
	s.Audit = "pseudonym_key vault secret/audit key\n signing_key vault secret/unfit key"
	if err := s.tryStart(); err == nil || strings.Contains(err.Error(), "PUBLIC+KEY") {
		t.Errorf("a key that cannot sign: got %v", err)
	}
}

func TestAddressesAreRecordedAsTheConfigWants(t *testing.T) {
	for how, want := range map[string]string{
		"full": `"client_ip":"127.0.0.1"`, "truncated": `"client_ip":"127.0.0.0"`, "pseudonym": `"client_ip_pseudonym":"`,
	} {
		s := newStage(t, "checkthatphone")
		s.Audit = "pseudonym_key vault secret/audit key\n client_ip " + how
		s.start()
		s.lookup(s.Full, canaryNumber)
		text := readText(t, filepath.Join(s.Dir, "audit.jsonl"))
		if !strings.Contains(text, want) || how != "full" && strings.Contains(text, "127.0.0.1") {
			t.Errorf("%s: got %s", how, text)
		}
	}
}
