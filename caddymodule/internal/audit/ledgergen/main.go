// Command ledgergen writes a large audit log for the tests in e2e/: requests as a busy
// service has them in a month. It is never shipped.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ledgergen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("ledgergen", flag.ContinueOnError)
	path := flags.String("file", "", "file to write")
	entries := flags.Int64("entries", 200_000, "how many entries to write")
	month := flags.String("month", "", "month of the entries, such as 2026-11")
	keyFile := flags.String("signing-key", "", "file of the key that signs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	begin, err := time.Parse("2006-01", *month)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(*keyFile)
	if err != nil {
		return err
	}
	signer, err := audit.ParseSigner(string(key))
	if err != nil {
		return err
	}
	file, err := os.Create(*path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(file, 1<<20)
	err = write(buffer, audit.Options{Instance: "generated", Signer: signer}, *entries, begin)
	return errors.Join(err, buffer.Flush(), file.Close())
}

// writers are how many hand in entries at a time: one write takes what waits.
const writers = 256

// write writes entries spread over 28 days.
func write(w io.Writer, opts audit.Options, entries int64, begin time.Time) error {
	log, err := audit.NewWriterLog(w, opts)
	if err != nil {
		return err
	}
	pseudonyms, err := audit.NewPseudonymizer("2026-11", []byte("a key that no real log was ever written with"))
	if err != nil {
		return err
	}
	const month = 28 * 24 * time.Hour
	step := month / time.Duration(entries)
	var next atomic.Int64
	failures := make(chan error, writers)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := next.Add(1); i <= entries; i = next.Add(1) {
				e := newEntry(i, begin.Add(time.Duration(i)*step), pseudonyms)
				if err := log.Write(context.Background(), &e); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failures)
	return errors.Join(<-failures, log.Close())
}

var (
	providers = []string{"checkthatphone", "numverify", "twilio", "telnyx"}
	regions   = []string{"US", "CA", "GB", "DE", "FR", "MX"}
	released  = []string{"validity", "line_type", "carrier"}
	fields    = []string{"valid", "line_type", "carrier", "country_code"}
)

// newEntry is the i-th entry. Each is about a number of its own, some are refused.
func newEntry(i int64, at time.Time, pseudonyms *audit.Pseudonymizer) audit.Entry {
	caller := i % 37
	e := audit.Entry{
		Time: at, RequestID: fmt.Sprintf("%032x", i),
		Caller: fmt.Sprintf("caller-%d", caller), KeyID: fmt.Sprintf("key-%d", caller), Auth: audit.AuthKey,
		ClientIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(caller)}),
		Provider: providers[caller%int64(len(providers))], Operation: "lookup",
		Numbers: []audit.NumberRef{{Pseudonym: pseudonyms.Pseudonym(fmt.Sprintf("+1%010d", i)), Region: regions[i%int64(len(regions))]}},
		Limits:  []audit.LimitState{{Name: "caller", Window: time.Hour, Limit: 1000, Remaining: 1000 - i%1000}},
		Config:  "0123456789ab", Version: "v0.0.0-e2e",
		Decision: audit.Answered, Status: 200, UpstreamStatus: 200, UpstreamCalls: 1, Cost: 1, CredentialVersion: 3,
		Released: released, Fields: fields,
		Duration: 120 * time.Millisecond, UpstreamDuration: 110 * time.Millisecond,
	}
	if i%20 == 0 {
		e.Decision, e.Reason, e.Status = audit.Refused, "rate_limited", 429
		e.UpstreamStatus, e.UpstreamCalls, e.Cost, e.Released, e.Fields = 0, 0, 0, nil, nil
	}
	return e
}
