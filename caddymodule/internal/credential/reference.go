package credential

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPathLength bounds a path in Vault in bytes.
const maxPathLength = 512

// Reference names one or several fields of a secret in Vault's KV engine. Nothing
// in it is secret.
type Reference struct {
	// Path is the path as "vault kv get" takes it (secret/phone/ctp) or as the
	// API has it (secret/data/phone/ctp); with version 2 both mean the same. A
	// secret whose own name starts with "data/" needs the form of the API.
	Path string `json:"path,omitempty"`

	// Fields names the fields, in the order in which the provider needs them.
	Fields []string `json:"fields,omitempty"`

	// KV is the version of the engine, 1 or 2. Default 0: asked of Vault, as the
	// vault command does. With a version given, the mount is the path's first
	// segment, or what stands before "/data/", or Mount.
	KV int `json:"kv,omitempty"`

	// Mount is the path at which the engine is mounted, for a mount of several
	// segments where KV is set.
	Mount string `json:"mount,omitempty"`

	// Environment must equal the custom metadata "environment" of the secret
	// where that is set: a production key cannot be used in a test by mistake, nor
	// the other way round. KV version 1 has no metadata.
	Environment string `json:"environment,omitempty"`
}

// ParseReference makes a reference of a path and at least one field name. Slashes
// around the path are ignored. Errors wrap ErrInvalid.
func ParseReference(path string, fields ...string) (Reference, error) {
	ref := Reference{Path: path, Fields: fields}
	return ref.normalized()
}

// normalized checks a reference and takes the slashes off its paths.
func (r Reference) normalized() (Reference, error) {
	r, err := r.located()
	if err != nil {
		return Reference{}, err
	}
	if len(r.Fields) == 0 {
		return Reference{}, fmt.Errorf("no field of %s is named: %w", r.Path, ErrInvalid)
	}
	for i, name := range r.Fields {
		if err := checkName(name); err != nil {
			return Reference{}, fmt.Errorf("in the reference to %s, %w", r.Path, err)
		}
		if slices.Contains(r.Fields[:i], name) {
			return Reference{}, fmt.Errorf("field %q of %s is named twice: %w", name, r.Path, ErrInvalid)
		}
	}
	return r, nil
}

// located is normalized for the place of the secret alone.
func (r Reference) located() (Reference, error) {
	r.Path, r.Mount = trimSlashes(r.Path), trimSlashes(r.Mount)
	if err := checkPath(r.Path); err != nil {
		return Reference{}, fmt.Errorf("the path in Vault %w", err)
	}
	if !strings.Contains(r.Path, "/") {
		return Reference{}, fmt.Errorf("the path %s in Vault is a mount without a secret: write it as in \"vault kv get %s/name\": %w",
			r.Path, r.Path, ErrInvalid)
	}
	if r.Mount != "" && !strings.HasPrefix(r.Path, r.Mount+"/") {
		return Reference{}, fmt.Errorf("the path %s in Vault is not below its mount: %w", r.Path, ErrInvalid)
	}
	if r.KV < 0 || r.KV > 2 {
		return Reference{}, fmt.Errorf("kv is %d, it must be 1 or 2, or left out: %w", r.KV, ErrInvalid)
	}
	return r, nil
}

// String is the reference as it is shown: path#field,field.
func (r Reference) String() string { return r.Path + "#" + strings.Join(r.Fields, ",") }

// trimSlashes takes a slash off each end. Not more: "a//b" is a mistake there too.
func trimSlashes(path string) string {
	return strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
}

// checkPath checks a path within Vault's API. The client cleans paths, so a ".."
// would lead out of the secrets engine. The error does not repeat the path.
func checkPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("is missing: %w", ErrInvalid)
	case len(path) > maxPathLength:
		return fmt.Errorf("is longer than %d bytes: %w", maxPathLength, ErrInvalid)
	case !utf8.ValidString(path):
		return fmt.Errorf("is not UTF-8: %w", ErrInvalid)
	case strings.ContainsFunc(path, func(r rune) bool { return unicode.IsControl(r) || !unicode.IsPrint(r) }):
		return fmt.Errorf("holds characters that cannot be printed: %w", ErrInvalid)
	case strings.ContainsAny(path, `?#%\*`):
		return fmt.Errorf(`holds one of ? # %% \ *: name the field separately and the secret exactly: %w`, ErrInvalid)
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return fmt.Errorf("holds an empty segment: %w", ErrInvalid)
		case segment == "." || segment == "..":
			return fmt.Errorf("holds a segment of dots: %w", ErrInvalid)
		case segment != strings.TrimSpace(segment):
			return fmt.Errorf("has a segment with a space at its end: %w", ErrInvalid)
		}
	}
	return nil
}
