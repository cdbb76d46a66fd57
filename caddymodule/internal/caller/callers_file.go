package caller

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxCallersBytes bounds a callers file, and the sum of a secret's fields.
const MaxCallersBytes = 8 << 20

// callersFile is the form of a callers file:
//
//	{
//	  "callers": [
//	    {
//	      "name": "signup",
//	      "keys": [{"digest": "sha256:...", "expires": "2027-01-31"}],
//	      "release": ["validity", "line_type"],
//	      "limits": ["100/m"]
//	    }
//	  ]
//	}
//
// The other members are those of Spec. Unknown members and members that are
// there twice are errors: a misspelt bound must not be no bound.
type callersFile struct {
	Callers []Spec `json:"callers"`
}

// ParseCallers reads the content of a callers file. Errors name the line or the
// caller, and repeat nothing that may be a key.
func ParseCallers(content []byte) ([]Spec, error) {
	var file callersFile
	if err := decode(content, &file); err != nil {
		return nil, err
	}
	// Without this, an object of something else would revoke every key.
	if file.Callers == nil {
		return nil, errors.New(`there is no list "callers"`)
	}
	if err := checkSpecs(file.Callers); err != nil {
		return nil, err
	}
	return file.Callers, nil
}

// ParseCallerFields reads the fields of a secret: one a caller, of its name,
// with the caller's object as a callers file has it, less the name. No field at
// all is the valid set of nobody.
func ParseCallerFields(fields map[string]string) ([]Spec, error) {
	specs := make([]Spec, 0, len(fields))
	size := 0
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := checkName(name); err != nil {
			return nil, err
		}
		if size += len(fields[name]); size > MaxCallersBytes {
			return nil, errors.New("the secret is too long")
		}
		spec := Spec{}
		if err := decode([]byte(fields[name]), &spec); err != nil {
			return nil, fmt.Errorf("caller %q: %w", name, err)
		}
		if cmp.Or(spec.Name, name) != name {
			return nil, fmt.Errorf("caller %q has another name inside", name)
		}
		spec.Name = name
		specs = append(specs, spec)
	}
	if err := checkSpecs(specs); err != nil {
		return nil, err
	}
	return specs, nil
}

// checkSpecs checks each spec and that names and keys are used once.
func checkSpecs(specs []Spec) error {
	callers := make([]Caller[struct{}], 0, len(specs))
	for _, spec := range specs {
		c, err := NewCaller(spec, struct{}{})
		if err != nil {
			return err
		}
		callers = append(callers, c)
	}
	_, err := NewDirectory(callers)
	return err
}

// decode reads JSON strictly. The decoder's own errors quote the input, so only
// the place and known faults are kept of them.
func decode(content []byte, into any) error {
	err := json.Unmarshal(content, into, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var offset int64
	if syntactic := (*jsontext.SyntacticError)(nil); errors.As(err, &syntactic) {
		offset = syntactic.ByteOffset
	}
	if semantic := (*json.SemanticError)(nil); errors.As(err, &semantic) {
		offset = semantic.ByteOffset
	}
	line := 1 + bytes.Count(content[:min(max(offset, 0), int64(len(content)))], []byte("\n"))
	return fmt.Errorf("line %d: %w", line, knownFault(err))
}

// memberPattern is what members are called. Anything else is not repeated: it may
// be a key in the wrong place.
var memberPattern = regexp.MustCompile(`^[A-Za-z_]{1,24}$`)

// unknownMember names the member, if that is safe.
func unknownMember(err error) error {
	semantic := (*json.SemanticError)(nil)
	if errors.As(err, &semantic) {
		if name := semantic.JSONPointer.LastToken(); memberPattern.MatchString(name) {
			return fmt.Errorf("the member %q is not known here", name)
		}
	}
	return errors.New("a member is not known here")
}

func knownFault(err error) error {
	for _, fault := range []error{ErrDigestForm, ErrDigestIsKey, ErrDigestEmpty, errExpiryForm} {
		if errors.Is(err, fault) {
			return fault
		}
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errors.New("a member is there twice")
	case errors.Is(err, json.ErrUnknownName):
		return unknownMember(err)
	case errors.As(err, new(*json.SemanticError)):
		return errors.New("a value is of the wrong kind")
	default:
		return errors.New("this is not JSON")
	}
}

// writeCallers writes the content of a callers file.
func writeCallers(specs []Spec) ([]byte, error) {
	content, err := json.Marshal(callersFile{Callers: specs}, jsontext.WithIndent("  "))
	if err != nil {
		return nil, errors.New("writing the callers as JSON failed")
	}
	return append(content, '\n'), nil
}
