package audit

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// The defaults of a syslog writer.
const (
	DefaultFacility = "local0"
	DefaultAppName  = "ringward"
)

// SyslogOptions say what stands before each line. The zero value has the
// defaults.
type SyslogOptions struct {
	// Facility is "user", "daemon", "auth", "authpriv", "audit" or "local0" to
	// "local7". Default: DefaultFacility.
	Facility string

	// AppName names the application: up to 48 printable ASCII characters without
	// spaces. Default: DefaultAppName.
	AppName string

	// Hostname names the host: up to 255 such characters. Default: the host's
	// name.
	Hostname string
}

const (
	severityInformational = 6
	messageID             = "audit"
	syslogTime            = "2006-01-02T15:04:05.000000Z"

	maxAppName  = 48
	maxHostname = 255
)

var facilities = map[string]int{
	"user": 1, "daemon": 3, "auth": 4, "authpriv": 10, "audit": 13,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19,
	"local4": 20, "local5": 21, "local6": 22, "local7": 23,
}

var (
	errFacility = errors.New("facility: want user, daemon, auth, authpriv, audit, or local0 to local7")
	errAppName  = fmt.Errorf("app name: want 1 to %d printable ASCII characters without spaces", maxAppName)
	errHostname = fmt.Errorf("hostname: want 1 to %d printable ASCII characters without spaces", maxHostname)
)

// NewSyslogWriter returns a writer that sends each line as a message of RFC 5424:
// severity informational, message id "audit", and the line, as it is, for its
// text. Over a stream the octets of a message are counted (RFC 6587, and
// RFC 5425 for TLS). Over a datagram socket each line is a message of its own
// (RFC 5426 for udp): one that is too long for a datagram is an error. It does
// not connect yet.
func NewSyslogWriter(to Receiver, opts SyslogOptions) (*NetWriter, error) {
	switch to.Network {
	case "tcp", "unix", "udp", "unixgram":
	default:
		return nil, fmt.Errorf("audit receiver: %w", errSyslogNetwork)
	}
	header, err := opts.header()
	if err != nil {
		return nil, fmt.Errorf("audit syslog: %w", err)
	}
	if to.isDatagram() {
		return newNetWriter(to, header.appendMessage)
	}
	return newNetWriter(to, header.appendCounted)
}

// syslogHeader is what stands before and after the time of a message.
type syslogHeader struct{ before, after string }

func (o SyslogOptions) header() (h syslogHeader, err error) {
	if o.Facility == "" {
		o.Facility = DefaultFacility
	}
	if o.AppName == "" {
		o.AppName = DefaultAppName
	}
	if o.Hostname == "" {
		o.Hostname = hostInstance()
	}
	facility, ok := facilities[o.Facility]
	switch {
	case !ok:
		return h, errFacility
	case !isSyslogName(o.AppName, maxAppName):
		return h, errAppName
	case !isSyslogName(o.Hostname, maxHostname):
		return h, errHostname
	}
	return syslogHeader{
		before: fmt.Sprintf("<%d>1 ", facility*8+severityInformational),
		after:  fmt.Sprintf(" %s %s %d %s - ", o.Hostname, o.AppName, os.Getpid(), messageID),
	}, nil
}

func isSyslogName(name string, longest int) bool {
	outside := func(c rune) bool { return c < '!' || c > '~' }
	return name != "" && len(name) <= longest && !strings.ContainsFunc(name, outside)
}

// appendMessage appends a message. Its text is not marked as UTF-8 by a byte
// order mark, which RFC 5424 would like: JSON must not begin with one.
func (h syslogHeader) appendMessage(dst, line []byte, at time.Time) []byte {
	dst = append(dst, h.before...)
	dst = at.UTC().AppendFormat(dst, syslogTime)
	dst = append(dst, h.after...)
	return append(dst, line...)
}

// appendCounted appends a message with its length before it.
func (h syslogHeader) appendCounted(dst, line []byte, at time.Time) []byte {
	length := len(h.before) + len(syslogTime) + len(h.after) + len(line)
	dst = strconv.AppendInt(dst, int64(length), 10)
	return h.appendMessage(append(dst, ' '), line, at)
}
