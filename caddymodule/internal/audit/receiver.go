package audit

import (
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"
)

// DefaultReceiverTimeout bounds one write to a receiver, connecting included.
const DefaultReceiverTimeout = time.Second

// Receiver is where lines are sent over a network or a local socket.
type Receiver struct {
	// Network is "tcp" or "unix"; for syslog also "udp" or "unixgram", which
	// send one datagram a line.
	Network string

	// Address is a host and port, or the path of a socket.
	Address string

	// TLS makes a connection over tcp a TLS one, of version 1.2 or newer. Without
	// ServerName the receiver's certificate must be for the host of Address.
	// Default: no TLS; whoever is on the way reads and changes what is sent.
	TLS *tls.Config

	// Timeout bounds how long one write takes, connecting included. Default:
	// DefaultReceiverTimeout. Have it below Options.Timeout, or a log refuses
	// its entries before it knows why.
	Timeout time.Duration
}

var (
	errStreamNetwork = errors.New(`network: want "tcp" or "unix"`)
	errSyslogNetwork = errors.New(`network: want "tcp", "unix", "udp" or "unixgram"`)
	errHostPort      = errors.New("address: want a host and a port number, as in collector.internal:6514")
	errSocketPath    = errors.New("address: want the absolute path of a socket, as in /dev/log")
	errTLSNetwork    = errors.New(`TLS goes over the network "tcp" only`)
	errTLSUnverified = errors.New("TLS: InsecureSkipVerify is set; give RootCAs or ServerName instead")
)

// isDatagram reports that each message is sent, and taken, on its own.
func (r *Receiver) isDatagram() bool { return r.Network == "udp" || r.Network == "unixgram" }

func (r *Receiver) isSocket() bool { return strings.HasPrefix(r.Network, "unix") }

// complete sets the defaults and checks the rest. It changes nothing that
// belongs to the caller.
func (r *Receiver) complete() error {
	setDefault(&r.Timeout, DefaultReceiverTimeout)
	switch {
	case r.isSocket() && !strings.HasPrefix(r.Address, "/"):
		return errSocketPath
	case !r.isSocket() && !isHostPort(r.Address):
		return errHostPort
	case r.TLS == nil:
		return nil
	case r.Network != "tcp":
		return errTLSNetwork
	case r.TLS.InsecureSkipVerify:
		return errTLSUnverified
	}
	r.TLS = r.TLS.Clone()
	r.TLS.MinVersion = max(r.TLS.MinVersion, tls.VersionTLS12)
	return nil
}

func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0
}
