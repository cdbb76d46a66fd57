package e2e

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// crashRounds is how often Ringward is killed, both durabilities together:
// RINGWARD_E2E_CRASHES, or 20.
func crashRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RINGWARD_E2E_CRASHES")
	if text == "" {
		return 20
	}
	rounds, err := strconv.Atoi(text)
	if err != nil || rounds < 2 {
		t.Fatal("RINGWARD_E2E_CRASHES is no number of rounds: use 2 or more")
	}
	return rounds
}

// TestCrashesLoseNothingThatWasAnswered kills Ringward under load, again and
// again on the same log.
func TestCrashesLoseNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	for _, durability := range []string{"sync", "strict"} {
		t.Run(durability, func(t *testing.T) {
			t.Parallel()
			c := &crashes{auditStage: newAuditStage(t, "durability "+durability+"\ncheckpoint 20 1s"), text: newAuditText()}
			for range crashRounds(t) / 2 {
				c.round()
			}
			c.Run() // admits what the last one left
			c.stop()
			verified := c.verify(c.Audit)
			c.text.read(t, c.Audit)
			torn := counted(verified, "times lines were torn")
			if torn < c.torn {
				t.Errorf("%d torn tails are recorded, of %d", torn, c.torn)
			}
			calls, unknown := c.unknownCalls()
			if intents := c.text.types["intent"]; durability == "strict" && (unknown > 0 || intents < calls) {
				t.Errorf("of %d upstream calls, %d have neither an intent nor an entry; there are %d intents", calls, unknown, intents)
			}
			if calls < c.answers {
				t.Errorf("%d upstream calls for %d answers", calls, c.answers)
			}
			t.Logf("%d rounds, %d answers, %d entries, %d intents, %d starts, %d torn tails recorded (%d of them made by the test); %d of %d upstream calls left no trace",
				c.rounds, c.answers, c.text.types[""], c.text.types["intent"], c.text.types["start"], torn, c.torn, unknown, calls)
		})
	}
}

type crashes struct {
	*auditStage

	text                  *auditText
	rounds, answers, torn int
}

// round kills Ringward at a moment that nothing in it determines.
func (c *crashes) round() {
	c.t.Helper()
	c.rounds++
	c.Run()
	load := c.load()
	load.await(1+rand.IntN(60), 0)
	c.Process.Signal(c.t, syscall.SIGKILL)
	c.Process.Wait(c.t)
	answered := load.stop()
	c.answers += len(answered)
	if c.rounds%4 == 0 {
		c.tear()
	}
	c.verify(c.Audit)
	c.text.read(c.t, c.Audit)
	c.text.wantAll(c.t, answered)
}

// tear leaves part of a line, as a machine does that loses its power while a
// line is written. A process that is killed seldom does.
func (c *crashes) tear() {
	c.t.Helper()
	text, err := os.ReadFile(c.Audit)
	if err != nil {
		c.t.Fatal(err)
	}
	last := text[bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n')+1:]
	if !bytes.HasSuffix(last, []byte("\n")) {
		return // it is torn already
	}
	file, err := os.OpenFile(c.Audit, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(last[:1+rand.IntN(len(last)-2)]); err != nil {
		c.t.Fatal(err)
	}
	c.torn++
}

// receivedNumber is how the provider wants a number.
var receivedNumber = regexp.MustCompile(`^{"phone":"(\d{10})"}$`)

// unknownCalls counts the calls to the provider, and those about numbers that the
// log does not know. Of a call that the kill cut off, the number is not known.
func (c *crashes) unknownCalls() (calls, unknown int) {
	c.t.Helper()
	key := c.Read("pseudonym-key")
	for _, received := range c.Standin.Received(c.t) {
		calls++
		number := receivedNumber.FindStringSubmatch(received.Body)
		if number != nil && !c.text.pseudonyms[pseudonym(key, "+1"+number[1])] {
			unknown++
		}
	}
	return calls, unknown
}
