package caller

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func newList(t testing.TB, inline []string, files ...string) *IPList {
	t.Helper()
	l, err := NewIPList(inline, files)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListsHoldAddressesAndPrefixes(t *testing.T) {
	t.Parallel()
	l := newList(t, []string{
		"192.0.2.7", "10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/24", "::ffff:198.51.100.0/120", "::ffff:203.0.113.9", "2001:db8::/32", "2001:db8::/32",
	})
	for text, want := range map[string]bool{
		"192.0.2.7": true, "192.0.2.6": false, "192.0.2.8": false, "::ffff:192.0.2.7": true,
		"10.0.0.0": true, "10.255.255.255": true, "10.1.2.3": true, "9.255.255.255": false, "11.0.0.0": false, "::ffff:10.2.3.4": true,
		"198.51.100.0": true, "198.51.100.255": true, "198.51.101.0": false, "203.0.113.9": true,
		"2001:db8::": true, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": true, "2001:db9::": false, "2001:db7:ffff::": false,
		"::": false, "0.0.0.0": false, "255.255.255.255": false, "::a00:1": false, "2001:db8::1%eth0": false,
	} {
		if l.Contains(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: not %t", text, want)
		}
	}
	if l.Contains(netip.Addr{}) {
		t.Error("holds no address at all")
	}
	if l.Len() != 5 {
		t.Errorf("got %d ranges", l.Len())
	}
}

func TestListsAgreeWithTheirPrefixes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	address := func() netip.Addr {
		if random.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, 0, byte(random.IntN(4)), byte(random.IntN(256))})
		}
		return netip.AddrFrom16([16]byte{0x20, 1, 15: byte(random.IntN(256))})
	}
	for range 200 {
		var prefixes []netip.Prefix
		for range random.IntN(12) {
			a := address()
			prefixes = append(prefixes, netip.PrefixFrom(a, a.BitLen()-random.IntN(12)).Masked())
		}
		set := NewIPSet(prefixes)
		for range 200 {
			a, want := address(), false
			for _, p := range prefixes {
				want = want || p.Contains(a)
			}
			if set.Contains(a) != want {
				t.Fatalf("%s in %v: not %t", a, prefixes, want)
			}
		}
	}
}

func TestEveryAddressCanBeListed(t *testing.T) {
	t.Parallel()
	l := newList(t, []string{"0.0.0.0/0"})
	if !l.Contains(netip.MustParseAddr("255.255.255.255")) || !l.Contains(netip.MustParseAddr("::ffff:0.0.0.0")) || l.Contains(netip.MustParseAddr("::1")) {
		t.Error("0.0.0.0/0 is not all of IPv4")
	}
	l = newList(t, []string{"::/0"})
	if !l.Contains(netip.MustParseAddr("ffff::")) || l.Contains(netip.MustParseAddr("10.0.0.1")) {
		t.Error("::/0 is not all of IPv6")
	}
}

func TestFaultyAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "10.0.0", "10.0.0.1/33", "10.0.0.1/8", "10.0.0.0/-1", "010.0.0.1", "10.0.0.0/08", "fe80::1%eth0", "fe80::%eth0/64",
		"::ffff:0:0/95", "2001:db8::1/32", "localhost", "10.0.0.1 10.0.0.2", "10.0.0.1-10.0.0.9", "[::1]", "10.0.0.1:80", "*",
	} {
		if p, err := ParsePrefix(text); err == nil {
			t.Errorf("%q is read as %s", text, p)
		}
	}
}

func TestDenyWinsOverAllow(t *testing.T) {
	t.Parallel()
	allow, deny, nobody := newList(t, []string{"10.0.0.0/8"}), newList(t, []string{"10.1.0.0/16"}), newList(t, nil)
	tests := []struct {
		name   string
		access IPAccess
		addr   string
		want   error
	}{
		{"no lists", IPAccess{}, "192.0.2.1", nil},
		{"no lists, no address", IPAccess{}, "", nil},
		{"allowed", IPAccess{Allow: allow}, "10.0.0.1", nil},
		{"not allowed", IPAccess{Allow: allow}, "192.0.2.1", ErrIPNotAllowed},
		{"denied", IPAccess{Deny: deny}, "10.1.0.1", ErrIPDenied},
		{"not denied", IPAccess{Deny: deny}, "192.0.2.1", nil},
		{"allowed and denied", IPAccess{Allow: allow, Deny: deny}, "10.1.0.1", ErrIPDenied},
		{"denied as IPv6", IPAccess{Deny: deny}, "::ffff:10.1.0.1", ErrIPDenied},
		{"empty allow list", IPAccess{Allow: nobody}, "10.0.0.1", ErrIPNotAllowed},
		{"allow list never read", IPAccess{Allow: new(IPList)}, "10.0.0.1", ErrIPNotAllowed},
		{"empty deny list", IPAccess{Deny: nobody}, "10.0.0.1", nil},
		{"no address", IPAccess{Deny: deny}, "", ErrIPUnknown},
		{"zone", IPAccess{Deny: deny}, "fe80::1%eth0", ErrIPUnknown},
	}
	for _, test := range tests {
		addr, _ := netip.ParseAddr(test.addr)
		if err := test.access.Check(addr); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestListFileIsWatched(t *testing.T) {
	t.Parallel()
	path := writeFile(t, filepath.Join(t.TempDir(), "deny.txt"), "# bad hosts\r\n\n 10.0.0.0/8 # lab\n")
	l := newList(t, []string{"192.0.2.1"}, path)
	expect := func(when string, held, notHeld string) {
		t.Helper()
		if !l.Contains(netip.MustParseAddr(held)) || !l.Contains(netip.MustParseAddr("192.0.2.1")) || l.Contains(netip.MustParseAddr(notHeld)) {
			t.Errorf("%s: %s is not held, or %s is", when, held, notHeld)
		}
	}
	expect("first", "10.0.0.1", "172.16.0.1")
	writeFile(t, path, "172.16.0.0/12\n")
	if changed, err := l.Refresh(); !changed || err != nil {
		t.Errorf("got %t, %v", changed, err)
	}
	expect("changed", "172.16.0.1", "10.0.0.1")
	for name, content := range map[string]string{"bad line": "10.0.0.0/8\n\nsecret-thing\n", "long line": strings.Repeat("1", 1<<17)} {
		writeFile(t, path, content)
		for range 2 { // it is told as long as it lasts
			changed, err := l.Refresh()
			if changed || err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: got %t, %v", name, changed, err)
			}
			if name == "bad line" && !strings.Contains(err.Error(), "line 3") {
				t.Errorf("the line is not named: %v", err)
			}
		}
		expect(name, "172.16.0.1", "10.0.0.1")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if changed, err := l.Refresh(); changed || err == nil {
		t.Errorf("removed: got %t, %v", changed, err)
	}
	expect("removed", "172.16.0.1", "10.0.0.1")
	writeFile(t, path, "")
	if changed, err := l.Refresh(); !changed || err != nil {
		t.Errorf("emptied: got %t, %v", changed, err)
	}
	expect("emptied", "192.0.2.1", "172.16.0.1")
}

func TestListDoesNotBeginWithoutItsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{
		"missing": filepath.Join(dir, "missing"), "directory": dir, "bad": writeFile(t, filepath.Join(dir, "bad"), "x"),
	} {
		if l, err := NewIPList([]string{"10.0.0.1"}, []string{path}); err == nil || l != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewIPList([]string{"10.0.0.1/8"}, nil); err == nil {
		t.Error("accepted a faulty address of the config")
	}
}

func FuzzIPLines(f *testing.F) {
	f.Add([]byte("10.0.0.0/8 # lab\n\n::1\n"))
	f.Add([]byte("::ffff:10.0.0.0/104\n0.0.0.0/0\n::/0"))
	f.Fuzz(func(t *testing.T, content []byte) {
		prefixes, err := parseIPLines(content)
		if err != nil {
			return
		}
		set := NewIPSet(prefixes)
		for _, p := range prefixes {
			if p.Addr().Zone() != "" || p.Addr().Is4In6() || p != p.Masked() {
				t.Fatalf("accepted %s", p)
			}
			if !set.Contains(p.Addr()) || !set.Contains(lastOf(p)) {
				t.Fatalf("%s is not whole in the set", p)
			}
		}
	})
}

func BenchmarkIPSet(b *testing.B) {
	var lines strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&lines, "%d.%d.%d.0/25\n", 1+i>>16, i>>8&255, i&255)
	}
	prefixes, err := parseIPLines([]byte(lines.String()))
	if err != nil {
		b.Fatal(err)
	}
	set := NewIPSet(prefixes)
	for name, text := range map[string]string{"held": "2.17.3.5", "not_held": "2.17.3.200"} {
		addr := netip.MustParseAddr(text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if set.Contains(addr) != (name == "held") {
					b.Fatal("wrong")
				}
			}
		})
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			NewIPSet(prefixes)
		}
	})
}
