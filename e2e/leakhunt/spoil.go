package leakhunt

import (
	"net/url"
	"strings"
)

// canary is something that must not come out: a key, or the number.
func (o *hunter) canary(r *request) string {
	all := []string{r.key, r.number, r.number[1:], r.number[2:5] + "-" + r.number[5:8] + "-" + r.number[8:], o.strays[o.rng.IntN(len(o.strays))]}
	return all[o.rng.IntN(len(all))]
}

func pick(o *hunter, from ...string) string { return from[o.rng.IntN(len(from))] }

func withQuery(r *request, text string) {
	if strings.Contains(r.target, "?") {
		r.target += "&" + text
	} else {
		r.target += "?" + text
	}
}

// spoils are the ways in which a request can be hostile. Each may follow any
// other.
var spoils = []func(o *hunter, r *request){
	func(o *hunter, r *request) { r.header.Set("X-API-Key", o.strays[o.rng.IntN(len(o.strays))]) },
	func(o *hunter, r *request) { r.header.Add("X-API-Key", o.canary(r)) },
	func(o *hunter, r *request) { r.header.Del("X-API-Key") },
	func(o *hunter, r *request) {
		r.header.Del("X-API-Key")
		r.header.Set("Authorization", pick(o, "Bearer ", "Basic ", "App ", "AccessKey ", "")+r.key)
	},
	func(o *hunter, r *request) { r.header.Set("Authorization", "Basic "+o.canary(r)+":"+r.key) },
	func(o *hunter, r *request) {
		name := pick(o, "access_key", "api_key", "apikey", "key", "api_secret", r.number[1:])
		withQuery(r, name+"="+url.QueryEscape(o.canary(r)))
	},
	func(o *hunter, r *request) { withQuery(r, url.QueryEscape(o.canary(r))) },
	func(o *hunter, r *request) { r.target += "/" + url.PathEscape(o.canary(r)) },
	func(o *hunter, r *request) { r.target = "/" + url.PathEscape(o.canary(r)) + r.target },
	func(o *hunter, r *request) { r.target += "%zz" + o.canary(r) },
	func(o *hunter, r *request) { r.target += "#" + o.canary(r) },
	func(o *hunter, r *request) {
		r.method = pick(o, "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT")
	},
	func(o *hunter, r *request) { r.method = "X" + r.number[1:] },
	func(o *hunter, r *request) {
		// Not Tracestate: Caddy's tracing passes on what a caller says of its own trace.
		name := pick(o, "Cookie", "Referer", "User-Agent", "Origin", "X-Request-Id", "Traceparent", "Baggage", "X-Forwarded-For",
			"X-Forwarded-Host", "Forwarded", "Via", "If-None-Match", "Range", "Accept", "Accept-Encoding", "Content-Encoding", "Content-Language", "Expect",
			"Upgrade", "Sec-Fetch-Mode", "X-Http-Method-Override", "Idempotency-Key", "From")
		r.header.Set(name, o.canary(r))
	},
	func(o *hunter, r *request) { r.header.Set("X-"+r.number[1:], r.key) },
	func(o *hunter, r *request) {
		r.header.Set("Traceparent", "00-000000000000000000000"+r.number[1:]+"-00000"+r.number[1:]+"-01")
	},
	func(o *hunter, r *request) {
		r.header.Set("Content-Type", pick(o, "text/plain", "application/xml", "", o.canary(r)))
	},
	func(o *hunter, r *request) { r.header.Set("Content-Encoding", pick(o, "gzip", "br", "zstd")) },
	func(o *hunter, r *request) { r.body = strings.Replace(r.body, r.number, r.number+o.canary(r), 1) },
	func(o *hunter, r *request) {
		quoted := `"` + o.canary(r) + `":"` + o.canary(r) + `"`
		if rest, ok := strings.CutPrefix(r.body, "{"); ok {
			r.body = "{" + quoted + "," + rest
		} else {
			r.body = "{" + quoted + "}"
		}
	},
	func(o *hunter, r *request) { r.body += r.body },
	func(o *hunter, r *request) { r.body = r.body[:o.rng.IntN(len(r.body)+1)] },
	func(o *hunter, r *request) { r.body += strings.Repeat(o.canary(r), 1<<o.rng.IntN(14)) },
	func(o *hunter, r *request) {
		depth := 1 << o.rng.IntN(12)
		r.body = strings.Repeat(`{"`+r.number+`":[`, depth) + r.key
	},
	func(o *hunter, r *request) { r.body = "\xff\xfe" + r.body },
	func(o *hunter, r *request) {
		r.target = strings.ReplaceAll(r.target, r.number[1:], r.number[1:]+"0000")
	},
	func(o *hunter, r *request) {
		r.target = strings.ReplaceAll(r.target, r.number[1:], "%EF%BC%8B"+r.number[1:])
	},
	func(o *hunter, r *request) { r.header.Set("X-Long", strings.Repeat(o.canary(r), 1<<o.rng.IntN(16))) },
	func(_ *hunter, r *request) { r.impatient = true },
}
