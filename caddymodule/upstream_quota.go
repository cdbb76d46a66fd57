package caddymodule

import (
	"net/http"
	"strconv"
)

// observeQuota keeps what an answer's headers tell of the account's quota, for
// the operator. Callers never see it.
func (t *Transport) observeQuota(h http.Header) {
	for _, signal := range t.provider.Quota {
		left, err := strconv.ParseUint(h.Get(signal.Header), 10, 32)
		if err == nil {
			metrics().quota.WithLabelValues(t.provider.Name, signal.Name).Set(float64(left))
		}
	}
}
