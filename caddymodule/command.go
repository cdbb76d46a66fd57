package caddymodule

import caddycmd "github.com/caddyserver/caddy/v2/cmd"

// RegisterCommands adds Ringward's own commands to the command line. The
// ringward binary calls it; a Caddy that merely contains the module does not
// get commands that its users did not ask for.
func RegisterCommands() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "audit",
		Usage:     "verify|search|report|export|forget|key ...",
		Short:     "Verifies, searches, reports and forgets what was recorded",
		CobraFunc: auditCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "caller",
		Usage:     "new|list|revoke ...",
		Short:     "Makes, lists and revokes caller keys",
		CobraFunc: callerCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "demo",
		Usage:     "[--provider <name>...] [--listen <address>...] [--vault <address>] [--info <file>] [--dir <directory>]",
		Short:     "Starts Ringward with an offline provider and an in-memory Vault, to try it",
		CobraFunc: demoCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "doctor",
		Usage:     "[--config <path> [--adapter <name>]] [--json]",
		Short:     "Checks every secret that a config refers to, and the way to it",
		CobraFunc: doctorCommand,
	})
}
