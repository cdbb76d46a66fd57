// Command plaincaddy is what somebody gets who adds Ringward to their own Caddy,
// as xcaddy does: Caddy's main and two imports for their effects. The tests in
// e2e/ run it to see that this is enough.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/ringward/ringward/caddymodule"
)

func main() {
	caddycmd.Main()
}
