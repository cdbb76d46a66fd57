// Ringward is Caddy with the ringward module in it.
package main

import (
	"os"
	"runtime/debug"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/ringward/ringward/caddymodule"
)

// gcPercent trades memory for CPU time: little is in use while requests pass, so
// that at Go's own 100 the collector runs every few megabytes. Caddy bounds the
// whole by the memory of the container or the machine (GOMEMLIMIT).
const gcPercent = 400

func main() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	caddy.CustomBinaryName = "ringward"
	caddy.CustomLongDescription = "Ringward is a security sidecar for phone-lookup APIs, built on Caddy."
	caddymodule.RegisterCommands()
	caddycmd.Main()
}
