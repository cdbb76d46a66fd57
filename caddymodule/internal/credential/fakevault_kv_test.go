package credential

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// kvBody is what the fake's secrets of KV version 2 look like.
type kvBody struct {
	Data struct {
		Data     map[string]any `json:"data"`
		Metadata struct {
			Created   string         `json:"created_time"`
			Custom    map[string]any `json:"custom_metadata"`
			Deleted   string         `json:"deletion_time"`
			Destroyed bool           `json:"destroyed"`
			Version   int            `json:"version"`
		} `json:"metadata"`
	} `json:"data"`
}

// kvAt reads a secret. The lock is held.
func (f *fakeVault) kvAt(name string) (body kvBody, ok bool) {
	text, ok := f.secrets["secret/data/"+name]
	if ok && json.Unmarshal([]byte(text), &body) != nil {
		panic("the test has put a secret that is not of version 2")
	}
	return body, ok
}

// serveKV answers what else than reading there is to do at secret/. It reports
// whether it did. The lock is held.
func (f *fakeVault) serveKV(w http.ResponseWriter, r *http.Request, path string, body []byte) bool {
	area, name, _ := strings.Cut(strings.TrimPrefix(path, "secret/"), "/")
	switch call := r.Method + " " + area; {
	case call == "PUT data":
		f.writeKV(w, name, body)
	case call == "GET metadata" && r.URL.Query().Get("list") == "true":
		f.listKV(w, name)
	case call == "GET metadata":
		f.metadataOfKV(w, name)
	case call == "PUT destroy":
		f.destroyKV(w, name, body)
	default:
		return false
	}
	return true
}

// writeKV knows of policies that to write to what has metadata is an update.
func (f *fakeVault) writeKV(w http.ResponseWriter, name string, body []byte) {
	var in struct {
		Data    map[string]any
		Options struct{ CAS *int }
	}
	_ = json.Unmarshal(body, &in)
	old, exists := f.kvAt(name)
	if exists && !f.mayUpdate {
		refuse(w, 403)
		return
	}
	if in.Options.CAS == nil || *in.Options.CAS != old.Data.Metadata.Version {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, `{"errors":["check-and-set parameter did not match the current version `+marker+`"]}`)
		return
	}
	old.Data.Data = in.Data
	old.Data.Metadata.Version++
	old.Data.Metadata.Created = time.Now().UTC().Format(time.RFC3339Nano)
	f.storeKV(name, old)
	if f.losing > 0 {
		f.losing--
		panic(http.ErrAbortHandler)
	}
	answer(w, map[string]any{"data": old.Data.Metadata})
}

func (f *fakeVault) storeKV(name string, body kvBody) {
	text, _ := json.Marshal(body)
	f.secrets["secret/data/"+name] = string(text)
}

func (f *fakeVault) listKV(w http.ResponseWriter, folder string) {
	var keys []string
	for path := range f.secrets {
		if name, ok := strings.CutPrefix(path, "secret/data/"+folder+"/"); ok {
			keys = append(keys, name)
		}
	}
	if keys == nil {
		http.Error(w, `{"errors":[]}`, 404)
		return
	}
	answer(w, map[string]any{"data": map[string]any{"keys": keys}})
}

func (f *fakeVault) metadataOfKV(w http.ResponseWriter, name string) {
	body, ok := f.kvAt(name)
	if !ok {
		http.Error(w, `{"errors":[]}`, 404)
		return
	}
	meta, versions := body.Data.Metadata, map[string]any{}
	for v := 1; v <= meta.Version; v++ {
		versions[fmt.Sprint(v)] = map[string]any{"destroyed": meta.Destroyed}
	}
	answer(w, map[string]any{"data": map[string]any{
		"versions": versions, "current_version": meta.Version, "custom_metadata": meta.Custom,
	}})
}

func (f *fakeVault) destroyKV(w http.ResponseWriter, name string, body []byte) {
	var in struct{ Versions []int }
	_ = json.Unmarshal(body, &in)
	secret, ok := f.kvAt(name)
	if !ok || len(in.Versions) != secret.Data.Metadata.Version {
		refuse(w, 400) // nobody of ours destroys less than all
		return
	}
	secret.Data.Data, secret.Data.Metadata.Destroyed = nil, true
	f.storeKV(name, secret)
	w.WriteHeader(http.StatusNoContent)
}
