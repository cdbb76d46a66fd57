package caddymodule

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

const forgetPath = "/ringward/forget"

// forgetRequest asks the running config to forget one of two things.
type forgetRequest struct {
	// Epoch is that of a pseudonym key which was destroyed: it is recorded.
	Epoch string `json:"epoch,omitempty"`

	// Number, in E.164 form, is whose counters are to be forgotten.
	Number string `json:"number,omitempty"`
}

type forgetAnswer struct {
	// Running reports that a config with Ringward is in force.
	Running bool `json:"running"`

	Recorded bool `json:"recorded"`
	Counters int  `json:"counters"`

	// Shared reports that limits are counted in Redis, too.
	Shared bool `json:"shared"`
}

// forgetter is a store of counters that can forget a key.
type forgetter interface{ Forget(key string) int }

func (*Admin) forget(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("use POST")}
	}
	var request forgetRequest
	decoder := json.NewDecoder(io.LimitReader(r.Body, 4<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&request); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: errors.New("the body is no request to forget")}
	}
	var answer forgetAnswer
	if app := running.latest(); app != nil {
		var err error
		if answer, err = app.forget(r, request); err != nil {
			return err
		}
		answer.Running = true
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer)
}

func (a *App) forget(r *http.Request, request forgetRequest) (answer forgetAnswer, err error) {
	switch {
	case request.Epoch != "":
		epoch, err := credential.ParseEpoch(request.Epoch)
		if err != nil {
			return answer, caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: errors.New("this is no epoch")}
		}
		err = a.auditLog.Record(r.Context(), audit.Forget{Time: time.Now(), Epoch: epoch.Name})
		return forgetAnswer{Recorded: err == nil}, err
	case request.Number != "":
		pseudonyms, err := a.pseudonyms.get()
		if err != nil {
			return answer, err
		}
		answer.Shared = a.LimitStore != nil
		if store, ok := a.store.(forgetter); ok {
			answer.Counters = store.Forget(pseudonyms.Pseudonym(request.Number))
		}
		return answer, nil
	default:
		return answer, caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: errors.New("name an epoch or a number")}
	}
}

func isDialError(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}
