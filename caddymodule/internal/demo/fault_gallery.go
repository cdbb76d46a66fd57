package demo

import "net/http"

// Gallery returns faults by name, for tests that must hold whatever a provider
// does: every fault is one that the code in front of a provider has to
// survive without passing anything on. None of them waits.
func Gallery() map[string]Fault {
	return map[string]Fault{
		"server error":             {Status: 500, Body: `{"error":"internal"}`},
		"unavailable, empty":       {Status: 503, Body: " "},
		"not json":                 {Body: "<html><body>maintenance</body></html>"},
		"json array":               {Body: `[{"valid":true}]`},
		"json scalar":              {Body: `true`},
		"text after json":          {Body: `{"valid":true} {"valid":false}`},
		"not utf-8":                {Body: "{\"carrier\":\"\xff\xfe\"}"},
		"truncated":                {Truncate: 7},
		"huge":                     {PadMiB: 16},
		"compressed huge":          {PadMiB: 32, Encoding: "gzip"},
		"compressed huge, deflate": {PadMiB: 32, Encoding: "deflate"},
		"compressed huge, br":      {PadMiB: 32, Encoding: "br"},
		"gzip":                     {Encoding: "gzip"},
		"deflate":                  {Encoding: "deflate"},
		"deflate without wrapper":  {Encoding: "raw deflate"},
		"br":                       {Encoding: "br"},
		"false content encoding":   {Header: http.Header{"Content-Encoding": {"gzip"}}},
		"false br":                 {Header: http.Header{"Content-Encoding": {"br"}}},
		"false deflate":            {Header: http.Header{"Content-Encoding": {"deflate"}}},
		"unknown content encoding": {Header: http.Header{"Content-Encoding": {"zstd"}}},
		"two content encodings":    {Header: http.Header{"Content-Encoding": {"gzip, br"}}},
		"connection reset":         {ResetConn: true},
		"duplicate names":          {Append: `"valid":false,"valid":true,"data":{},"success":true`},
		"redirect":                 {Status: 302, Header: http.Header{"Location": {"https://elsewhere.example/?key={credential}"}}},
		"replaying redirect":       {Status: 307, Header: http.Header{"Location": {"https://elsewhere.example/{credential}"}}},
		"early hints":              {EarlyHints: http.Header{"Link": {"</{credential}>; rel=preload"}, "X-Key": {"{credential}"}}},
		"trailer":                  {Trailer: http.Header{"X-Key": {"{credential}"}}},
		"cookie":                   {Header: http.Header{"Set-Cookie": {"key={credential}"}}},
		"echo in a header":         {Header: http.Header{"X-Api-Key": {"{credential}"}, "X-Basic": {"{credential.basic}"}}},
		"echo in a new field":      {Append: `"debug":{"key":"{credential}"}`},
		"echo in known fields":     {Append: `"carrier":"{credential}","line_type":"{credential.base64}","dipCarrier":"{credential}"`},
		"echo in a field name":     {Append: `"{credential}":true`},
		"echo, escaped":            {Append: `"carrier":"{credential.json}"`},
		"echo, base64":             {Append: `"carrier":"{credential.base64}","location":"{credential.basic}"`},
		"echo, hex":                {Append: `"carrier":"{credential.hex}"`},
		"echo, percent-encoded":    {Append: `"carrier":"{credential.url}"`},
		"echo, compressed":         {Append: `"carrier":"{credential}"`, Encoding: "gzip"},
		"echo, compressed with br": {Append: `"carrier":"{credential}"`, Encoding: "br"},
		"echo in an error":         {Status: 401, Body: `{"error":"bad key","detail":"{credential} is not valid","message":"{credential}"}`},
		"echo in a 200 error":      {Body: `{"success":false,"error":{"code":101,"type":"{credential}","info":"{credential}"}}`},
	}
}
