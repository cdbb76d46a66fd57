// Ringward is Caddy with the ringward module in it.
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/ringward/ringward/caddymodule"
)

func main() {
	caddy.CustomBinaryName = "ringward"
	caddy.CustomLongDescription = "Ringward is a security sidecar for phone-lookup APIs, built on Caddy."
	caddymodule.RegisterCommands()
	caddycmd.Main()
}
