package harness

import (
	"os"
	"strconv"
	"strings"
)

// listening is the state of a listening socket in /proc/net/tcp.
const listening = "0A"

// listenersOn counts the sockets that listen on a TCP port of this machine. At
// a reload Caddy opens a socket of its own for the new config before it closes
// the old one, and the kernel resets the connections that the old one had not
// accepted by then. Where there is no /proc the answer is 1.
func listenersOn(port string) int {
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	suffix := ":" + strings.ToUpper(strconv.FormatInt(0x10000+int64(number), 16))[1:]
	count := 0
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(table)) {
			fields := strings.Fields(line)
			if len(fields) > 3 && strings.HasSuffix(fields[1], suffix) && fields[3] == listening {
				count++
			}
		}
	}
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		return 1
	}
	return count
}
