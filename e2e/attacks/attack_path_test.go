package attacks

import (
	"net/http"
	"testing"
)

// TestAttackPath writes paths that Ringward and the provider could read in two
// ways: encoded (CVE-2021-41773, Apache, with .%2e), with empty, dotted or
// parametrised segments (CVE-2020-5902, F5, with ..;), in other cases and
// scripts. An operation that is not allowed, of the provider's whole account,
// would be reached with the provider's key.
func TestAttackPath(t *testing.T) {
	a := enter(t)
	for _, path := range []string{
		"//v1/lookup", "/v1//lookup", "/v1/lookup/", "/v1/lookup//", "/./v1/lookup", "/v1/./lookup", "/v1/../v1/lookup", "/x/../v1/lookup", "/v1/lookup/..", "/v1/lookup/../account",
		"/v1/lookup/%2e%2e/account", "/v1/.%2e/v1/lookup", "/v1/%2e/lookup", "/v1%2flookup", "/v1%2Flookup", "/v1/lookup%2f", "/%2fv1/lookup", "/v1%5clookup", "/v1\\lookup", "/v1/..\\lookup",
		"/v1/lookup;", "/v1/lookup;x=1", "/v1;/lookup", "/v1/..;/v1/lookup", "/v1/lookup;/../account", "/v1/lookup.", "/v1/lookup.json", "/v1/lookup%20", "/v1/lookup+", "/v1/lookup%00", "/v1/lookup%0a", "/v1/lookup%0d%0aX:y",
		"/v1/%6cookup", "/v1/%6Cookup", "/%76%31/lookup", "/v1/%256cookup", "/v1/LOOKUP", "/V1/lookup", "/v1/lo%6fkup", "/v1/l%c3%b6okup", "/v1/lооkup", "/v1/lookup%ef%bc%8f", "/v1/％6cookup", "/v1%c0%aflookup", "/v1/ｌookup",
		"/v1/lookup%", "/v1/lookup%zz", "/v1/lookup~", "/v1/lookup:443", "/v1/lookup@x", "/v1/lookup*", "/v1/*", "*", "/", "", "/v1", "/v1/lookup-demo", "/v1/lookup/14158586273", "/v1/account", "/v1/keys",
		"/v1/lookup%3fx=1", "/v1/lookup%23", "/v1/lookup?x=1", "/v1/lookup??", "/v1/lookup?phone=4158586274", "/v1/lookup?/../account", "/v1/lookup?..;",
	} {
		a.unpaid(func() {
			got := a.reply("", post(path, goodBody, "X-API-Key: "+a.Full.Key))
			a.refused("path", got, http.StatusNotFound, http.StatusBadRequest)
			if t.Failed() {
				t.Fatalf("the path is %q", path)
			}
		})
	}
	a.open("")
}

// TestAttackTarget writes the whole target of a request otherwise: as an absolute
// URI, which names a host of its own, as an authority, or with a fragment. Ringward
// would ask where the caller wants (an open proxy), with the provider's key.
func TestAttackTarget(t *testing.T) {
	a := enter(t)
	elsewhere := newTrap(t)
	for _, target := range []string{
		"http://" + elsewhere.address + "/v1/account", "https://" + elsewhere.address + "/v1/lookup/..", "ftp://" + elsewhere.address + "/v1/x", "file:///etc/passwd", "//" + elsewhere.address + "/v1/lookup",
		elsewhere.address, "@" + elsewhere.address + "/v1/lookup", ":80/v1/lookup", "http://user:pass@" + elsewhere.address + "/v1/x", "/v1/lookup#x", "gopher://" + elsewhere.address + "/_x",
	} {
		a.unpaid(func() {
			a.refused(target, a.reply("", post(target, goodBody, "X-API-Key: "+a.Full.Key)), http.StatusNotFound, http.StatusBadRequest)
		})
	}
	for _, host := range []string{elsewhere.address, "169.254.169.254", "x.example", "[::1]:2019", "localhost:2019"} {
		// The path is right: the lookup is made, but at the provider.
		a.paid(1, func() {
			if got := a.reply(toVillain, post("http://"+host+"/v1/lookup", goodBody, "X-API-Key: "+a.Full.Key)); got.Status != http.StatusOK {
				t.Errorf("an absolute URI: got %d", got.Status)
			}
			if received, _ := a.villain.got(); "https://"+received.Host != a.villain.url {
				t.Errorf("the provider was asked as %s", received.Host)
			}
		})
	}
	if n := elsewhere.caught.Load(); n > 0 {
		t.Errorf("%d requests went where the caller wanted", n)
	}
}
