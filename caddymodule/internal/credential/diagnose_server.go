package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// ServerDiagnosis is what can be told about Vault without a login.
type ServerDiagnosis struct {
	// Address is where Vault is asked: a URL, or unix:// and a socket.
	Address string

	// TLS is the version of TLS, a constant of crypto/tls; 0 for plaintext, which
	// never leaves the machine. Issued and Expires bound the certificate's life.
	TLS     uint16
	Issued  time.Time
	Expires time.Time

	// Version is Vault's own, empty where it does not say. Sealed and Standby
	// are as Vault has them.
	Version string
	Sealed  bool
	Standby bool
}

// DiagnoseServer connects to Vault and asks for its health. An answer of any
// kind will do: what stands before Vault may not let this question pass. Errors
// wrap ErrUnavailable.
func (s *Session) DiagnoseServer(ctx context.Context) (ServerDiagnosis, error) {
	found := ServerDiagnosis{Address: s.to.url}
	if s.to.socket != "" {
		found.Address = "unix://" + s.to.socket
	}
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	// Each of these states would have a status of its own, and the answer the
	// same body.
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.to.url+"/v1/sys/health?standbyok=true&perfstandbyok=true", nil)
	if err != nil {
		return found, fmt.Errorf("the Vault server cannot be asked: %w", ErrUnavailable)
	}
	req.Header.Set("X-Vault-Request", "true") // a Vault Agent may insist
	resp, err := s.door.RoundTrip(req)
	if err != nil {
		return found, vaultError(ctx, err)
	}
	defer resp.Body.Close()
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		leaf := resp.TLS.PeerCertificates[0]
		found.TLS, found.Issued, found.Expires = resp.TLS.Version, leaf.NotBefore, leaf.NotAfter
	}
	var health struct {
		Version string
		Sealed  bool
		Standby bool
	}
	if json.NewDecoder(resp.Body).Decode(&health) == nil {
		found.Version, found.Sealed, found.Standby = plainWord(health.Version), health.Sealed, health.Standby
	}
	return found, nil
}
