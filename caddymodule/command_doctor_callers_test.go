package caddymodule

import (
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// TestDoctorReadsCallersAndLimitSecrets wherever they are kept.
func TestDoctorReadsCallersAndLimitSecrets(t *testing.T) {
	s := newStage(t, "checkthatphone")
	file := s.callersFile(map[string]string{"doctor-a": "", "doctor-b": ""})
	s.vault.Put("secret/callers", map[string]string{"doctor-c": `{"keys":[]}`})
	s.vault.Put("secret/limits", map[string]string{"key": randomText() + randomText(), "password": "x"})
	s.App = "callers file " + file + "\n callers vault secret/callers\n" +
		"limits redis 127.0.0.1:1 {\n pseudonym_key vault secret/limits key\n password vault secret/limits password\n }"
	grants := maps.Clone(leastGrants)
	grants["secret/data/callers"], grants["secret/data/limits"] = []string{"read"}, []string{"read"}
	edit := s.limitedLogin(grants)
	r, text, status := s.consult(edit...)
	if status != 0 || r.Status != statusOK {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "callers", "read=ok permissions=ok read=ok policy=ok")
	s.wantFound(r, "limit_pseudonyms", "read=ok kv=ok version=ok age=ok environment=ok policy=ok length=ok")
	s.wantFound(r, "limit_store", "read=ok kv=ok version=ok age=ok environment=ok policy=ok")
	if !strings.Contains(text, "callers: 2") || !strings.Contains(text, "callers: 1") {
		t.Errorf("nobody counts the callers:\n%s", text)
	}

	s.vault.Put("secret/callers", map[string]string{"doctor-c": `{"keis":[]}`})
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if r, text, status = s.consult(edit...); status != 1 {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "callers", "read=fail read=fail")
	if !strings.Contains(text, "does not exist") || !strings.Contains(text, `caller "doctor-c"`) {
		t.Errorf("the faults are not told:\n%s", text)
	}
}

// TestDoctorReadsTheKeysOfTheAuditLog and makes none.
func TestDoctorReadsTheKeysOfTheAuditLog(t *testing.T) {
	s := newStage(t, "checkthatphone")
	signer, _, err := audit.GenerateKey("doctor")
	if err != nil {
		t.Fatal(err)
	}
	s.vault.Put("secret/signing", map[string]string{"key": signer, "other": "x"})
	s.Audit = "signing_key vault secret/signing key\n pseudonym_keys vault secret/pseudonyms"
	epoch := credential.EpochAt("", time.Now()).Name
	grants := map[string][]string{"secret/data/phone/provider": {"read"}, "secret/data/signing": {"read"}, "secret/data/pseudonyms/" + epoch: {"create", "read"}}
	edit := s.limitedLogin(grants)
	r, text, status := s.consult(edit...)
	if status != 0 || r.Status != statusOK {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "audit_signing", "read=ok kv=ok version=ok age=ok environment=ok policy=ok key=ok")
	s.wantFound(r, "pseudonym_keys", "read=ok")
	if !strings.Contains(text, "no key of epoch "+epoch+" yet") {
		t.Errorf("it does not say that there is none:\n%s", text)
	}
	if _, text, _ = s.consult(edit...); !strings.Contains(text, "no key of epoch") {
		t.Errorf("one was made:\n%s", text)
	}
	s.Audit = "signing_key vault secret/signing other\n pseudonym_keys vault secret/pseudonyms"
	if r, text, status = s.consult(edit...); status != 1 {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "audit_signing", "read=ok kv=ok version=ok age=ok environment=ok policy=ok key=fail")
}
