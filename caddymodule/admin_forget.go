package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/quota"
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

	// Shared reports that limits are counted in Redis, where counters by number and
	// address, session or block together cannot be found.
	Shared bool `json:"shared"`
}

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
		answer.Counters, err = a.forgetNumber(r.Context(), pseudonyms.Pseudonym(request.Number))
		return answer, err
	default:
		return answer, caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: errors.New("name an epoch or a number")}
	}
}

// forgetNumber has limits forget a number: in this process all of them, in Redis
// those whose names can be told from what is known here.
func (a *App) forgetNumber(ctx context.Context, pseudonym string) (removed int, err error) {
	if store, ok := a.store.(*quota.Store); ok {
		return store.Forget(pseudonym), nil
	}
	forget := func(l *limits, keys []quota.Keys) {
		n, failed := l.number.Forget(ctx, keys)
		removed, err = removed+n, errors.Join(err, failed)
	}
	for _, e := range a.edges {
		alone := quota.Keys{Number: pseudonym, Provider: e.provider.Name}
		all := []quota.Keys{alone}
		a.registry.Directory().All(func(c *registered) {
			own := alone
			own.Caller = c.Name
			all = append(all, own)
			forget(c.Value.bounds.limits, []quota.Keys{own})
			for _, b := range c.Value.byTier {
				forget(b.limits, []quota.Keys{own})
			}
		})
		forget(e.limits, all)
	}
	return removed, err
}

func isDialError(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}
