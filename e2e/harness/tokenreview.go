package harness

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TokenReview is the part of a Kubernetes API server that Vault asks about
// service account tokens. It knows one token at a time.
type TokenReview struct {
	URL      string
	CA       string // in PEM
	Reviewer string // the token that Vault must show

	accepted atomic.Pointer[string]
	user     string
	uid      string
}

// maxReview bounds a request to the API server.
const maxReview = 64 << 10

// NewTokenReview starts an API server that knows one service account.
func NewTokenReview(t testing.TB, namespace, account, uid string) *TokenReview {
	t.Helper()
	k := &TokenReview{Reviewer: RandomText(), user: "system:serviceaccount:" + namespace + ":" + account, uid: uid}
	k.Accept("")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /apis/authentication.k8s.io/v1/tokenreviews", k.review)
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	k.URL = server.URL
	k.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	return k
}

// Accept makes the server know this token and no other.
func (k *TokenReview) Accept(token string) { k.accepted.Store(&token) }

func (k *TokenReview) review(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Spec struct {
			Token     string
			Audiences []string
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+k.Reviewer {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxReview)).Decode(&asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	status := map[string]any{"authenticated": false}
	if asked.Spec.Token != "" && asked.Spec.Token == *k.accepted.Load() {
		status = map[string]any{
			"authenticated": true,
			"audiences":     asked.Spec.Audiences,
			"user":          map[string]any{"username": k.user, "uid": k.uid},
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{ // Vault is gone
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status,
	})
}
