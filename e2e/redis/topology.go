package redis

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// StartTLS starts a server that speaks TLS only, with the certificate and key
// in these PEM files.
func StartTLS(t testing.TB, certFile, keyFile string, args ...string) *Server {
	t.Helper()
	port := FreePort(t)
	return startAt(t, port, append([]string{
		"--port", "0", "--tls-port", port, "--tls-auth-clients", "no",
		"--tls-cert-file", certFile, "--tls-key-file", keyFile,
	}, args...)...)
}

// CounterRights are the rights of an ACL user that counting needs.
var CounterRights = []string{"~ringward:*", "+hello", "+evalsha", "+script|load", "+incrby", "+decrby", "+get", "+pexpire"}

// OnlyCounter are the arguments for a server that knows one user, who has
// CounterRights.
func OnlyCounter(name, password string) []string {
	return append([]string{"--user", "default", "off", "--user", name, "on", ">" + password}, CounterRights...)
}

// MasterName is what the Sentinels of StartSentinels call the master.
const MasterName = "limits"

// StartSentinels starts three Sentinels that watch master, and returns their
// addresses.
func StartSentinels(t testing.TB, master *Server) []string {
	t.Helper()
	_, masterPort, _ := net.SplitHostPort(master.Address)
	var addresses []string
	for range 3 {
		port := FreePort(t)
		file := filepath.Join(t.TempDir(), "sentinel.conf")
		config := fmt.Sprintf("port %[1]s\nsentinel monitor %[2]s 127.0.0.1 %[3]s 2\n"+
			"sentinel down-after-milliseconds %[2]s 500\nsentinel failover-timeout %[2]s 2000\n", port, MasterName, masterPort)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s := startSentinel(t, port, file)
		addresses = append(addresses, s.Address)
		defer s.waitUntil("knows the other sentinels and the replica", func() bool {
			answer, err := s.Command("SENTINEL", "CKQUORUM", MasterName)
			replicas, err2 := s.Command("SENTINEL", "REPLICAS", MasterName)
			return err == nil && err2 == nil && strings.Contains(answer, "3 usable") && !strings.HasPrefix(replicas, "*0")
		})
	}
	return addresses
}

func startSentinel(t testing.TB, port, file string) *Server {
	t.Helper()
	s := &Server{Address: "127.0.0.1:" + port, t: t, dir: filepath.Dir(file)}
	s.args = []string{file, "--sentinel", "--bind", "127.0.0.1", "--dir", s.dir, "--logfile", filepath.Join(s.dir, "log")}
	s.run()
	t.Cleanup(s.Kill)
	return s
}

const slots = 16384

// StartCluster starts a Cluster of three masters.
func StartCluster(t testing.TB) []*Server {
	t.Helper()
	nodes := make([]*Server, 3)
	for i := range nodes {
		nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
	}
	for i, node := range nodes {
		from, to := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		mustAnswer(t, node, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(from), strconv.Itoa(to))
		mustAnswer(t, node, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		if i > 0 {
			_, port, _ := net.SplitHostPort(node.Address)
			mustAnswer(t, nodes[0], "CLUSTER", "MEET", "127.0.0.1", port)
		}
	}
	for _, node := range nodes {
		node.waitUntil("sees the whole cluster", func() bool {
			info, err := node.Command("CLUSTER", "INFO")
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes
}

func mustAnswer(t testing.TB, s *Server, words ...string) {
	t.Helper()
	if answer, err := s.Command(words...); err != nil || strings.HasPrefix(answer, "-") {
		t.Fatalf("%v: %s%v", words, answer, err)
	}
}
