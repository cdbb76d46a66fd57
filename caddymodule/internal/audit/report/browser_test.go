package report

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const screenshotFile = "../../../../docs/audit-report.png"

// browser is a Chromium that is spoken to over two pipes.
type browser struct {
	t       testing.TB
	in      io.Writer
	out     *bufio.Reader
	session string
	last    int
	events  []event
}

type event struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// startBrowser skips the test where there is no Chromium.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed")
	}
	toBrowser, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, fromBrowser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1040,900",
		"--remote-debugging-pipe",
		"--user-data-dir="+t.TempDir(), "--no-first-run", "about:blank")
	cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toBrowser.Close()
	fromBrowser.Close()
	b := &browser{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		b.session = ""
		b.call("Browser.close", nil, nil)
		_ = cmd.Wait()
		cancel()
		in.Close()
		out.Close()
	})
	return b
}

// next reads one message.
func (b *browser) next() event {
	b.t.Helper()
	message, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser said no more: %v", err)
	}
	var e event
	if err := json.Unmarshal(bytes.TrimSuffix(message, []byte{0}), &e); err != nil {
		b.t.Fatal(err)
	}
	if e.Method != "" {
		b.events = append(b.events, e)
	}
	return e
}

// call calls a method of the DevTools protocol.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.last++
	message, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": cmp.Or(params, any(struct{}{})), "sessionId": b.session})
	if err != nil {
		b.t.Fatal(err)
	}
	if b.session == "" {
		message = bytes.Replace(message, []byte(`,"sessionId":""`), nil, 1)
	}
	if _, err := b.in.Write(append(message, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		e := b.next()
		if e.ID != b.last {
			continue
		}
		if e.Error != nil {
			b.t.Fatalf("%s: %s", method, e.Error)
		}
		if result != nil {
			if err := json.Unmarshal(e.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// eval runs a script in the page.
func (b *browser) eval(script string) any {
	b.t.Helper()
	var got struct {
		Result struct{ Value any }
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true}, &got)
	return got.Result.Value
}

type m = map[string]any

// open loads a page to its end, in a tab of its own.
func (b *browser) open(url string) {
	b.t.Helper()
	b.session = ""
	var target struct{ TargetID string }
	b.call("Target.createTarget", m{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", m{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		b.call(domain+".enable", nil, nil)
	}
	b.events = nil
	b.call("Page.navigate", m{"url": url}, nil)
	for !slices.ContainsFunc(b.events, func(e event) bool { return e.Method == "Page.loadEventFired" }) {
		b.next()
	}
	b.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))") // it is drawn
}

// The page needs nothing, does nothing, and fits, whatever the names in it.
func TestPageStandsAloneInABrowser(t *testing.T) {
	b := startBrowser(t)
	for name, r := range map[string]*Report{"a month": build(t, sample(), april, sampleOptions()), "evil names": evilReport(t)} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			path := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(path, render(t, r.WriteHTML), 0o600); err != nil {
				t.Fatal(err)
			}
			b.open("file://" + path)
			for _, e := range b.events {
				switch e.Method {
				case "Network.requestWillBeSent":
					var sent struct{ Request struct{ URL string } }
					if err := json.Unmarshal(e.Params, &sent); err != nil || sent.Request.URL != "file://"+path {
						t.Errorf("the page loads %s", e.Params)
					}
				case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
					t.Errorf("%s: %s", e.Method, e.Params)
				}
			}
			if n := b.eval("document.scripts.length + document.images.length"); n != 0.0 {
				t.Errorf("%v scripts and images", n)
			}
			if n := b.eval("document.querySelectorAll('svg[role=img] rect').length"); n.(float64) < 100 {
				t.Errorf("%v bars are drawn", n)
			}
			if wide := b.eval("document.documentElement.scrollWidth"); wide.(float64) > 1040 {
				t.Errorf("the page is %v wide", wide)
			}
		})
	}
}

func TestScreenshotIsPublished(t *testing.T) {
	if *update {
		b := startBrowser(t)
		path := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(path, render(t, build(t, sample(), april, sampleOptions()).WriteHTML), 0o600); err != nil {
			t.Fatal(err)
		}
		b.open("file://" + path)
		var shot struct{ Data string }
		b.call("Page.captureScreenshot", m{"captureBeyondViewport": true, "clip": m{"x": 0, "y": 0, "width": 1040, "height": 1560, "scale": 1.25}}, &shot)
		picture, err := png.Decode(base64.NewDecoder(base64.StdEncoding, bytes.NewReader([]byte(shot.Data))))
		if err != nil {
			t.Fatal(err)
		}
		var small bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColours(picture)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(screenshotFile, small.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(screenshotFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(content)); err != nil || len(content) > 300_000 {
		t.Errorf("%v, %d bytes", err, len(content))
	}
}

// fewColours keeps the 256 most frequent ones.
func fewColours(picture image.Image) image.Image {
	count := make(map[color.RGBA]int)
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return cmp.Compare(count[b], count[a]) })
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	paletted := image.NewPaletted(picture.Bounds(), palette)
	draw.Draw(paletted, picture.Bounds(), picture, image.Point{}, draw.Src)
	return paletted
}
