// Command barecaddy is Caddy and nothing else, built from the version that
// Ringward is built from: what the benchmark compares with.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() {
	caddycmd.Main()
}
