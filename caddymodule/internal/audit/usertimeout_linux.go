package audit

import (
	"syscall"
	"time"
)

const (
	tcpUserTimeout = 0x12 // TCP_USER_TIMEOUT, which package syscall lacks

	// unansweredFor bounds how long a TCP connection takes lines without a sign of
	// life from the receiver's host. The system's own bound is about 15 minutes.
	unansweredFor = 10 * time.Second
)

// limitSilence is for a net.Dialer.
func limitSilence(_, _ string, conn syscall.RawConn) error {
	var optionErr error
	err := conn.Control(func(fd uintptr) {
		optionErr = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(unansweredFor.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return optionErr
}
