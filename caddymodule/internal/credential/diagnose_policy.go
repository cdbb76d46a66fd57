package credential

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// unknownName stands in questions for what no config names, and anyName for it
// in answers. Nothing is read or written there.
const (
	unknownName = "ringward-doctor-probe"
	anyName     = "<any>"
)

// Excess is what the token may do at one path beyond what Ringward needs.
type Excess struct {
	// Path is a path of Vault's API; "<any>" in it stands for a name that no
	// config mentions, and a slash at its end for a folder.
	Path string

	// Capabilities are Vault's words: create, read, update, patch, delete, list,
	// sudo; "root" for a token that may do everything, "other" for words that
	// are not known here.
	Capabilities []string
}

// administration are paths at which a reader of secrets has no business. Each
// would let it see or change what Vault keeps for others.
var administration = []probe{
	{path: "sys/policies/acl/"},
	{path: "sys/policies/acl/" + unknownName},
	{path: "sys/policy/" + unknownName},
	{path: "auth/token/create"},
	{path: "auth/token/create-orphan"},
	{path: "auth/approle/role/" + unknownName},
	{path: "identity/entity"},
	{path: "sys/mounts"},
	{path: "sys/mounts/" + unknownName},
	{path: "sys/auth"},
	{path: "sys/auth/" + unknownName},
	{path: "sys/audit"},
	{path: "sys/audit/" + unknownName},
	{path: "sys/raw/"},
	{path: "sys/seal"},
	{path: "sys/storage/raft/snapshot"},
}

// probe is a path with what Ringward needs there.
type probe struct {
	path   string
	needed string // the only capability that is needed; empty for none
}

// ExcessOf asks Vault what the token may do to a secret, its versions, its
// metadata and its neighbours, and returns what goes beyond reading it. Nothing
// is read or changed. It fails with ErrDenied where policy does not allow the
// question (update on sys/capabilities-self).
func (s *Session) ExcessOf(ctx context.Context, ref Reference) ([]Excess, error) {
	ref, err := ref.located()
	if err != nil {
		return nil, err
	}
	mount, err := s.mountOf(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.excess(ctx, mount.probes(ref.Path))
}

// ExcessOfAdministration is ExcessOf for paths by which Vault itself is run.
func (s *Session) ExcessOfAdministration(ctx context.Context) ([]Excess, error) {
	return s.excess(ctx, administration)
}

// probes lists what to ask about a secret. A path that ends in a slash is a
// folder, which Vault can list.
func (m kvMount) probes(path string) []probe {
	data := m.apiPath(path)
	if m.version != 2 {
		list := []probe{{data, "read"}, {path: m.path + "/" + unknownName}, {path: m.path + "/"}}
		return appendFolder(list, m.path+"/", strings.TrimPrefix(data, m.path+"/"))
	}
	name := strings.TrimPrefix(data, m.path+"/data/")
	list := []probe{{data, "read"}, {path: m.path + "/data/" + unknownName}}
	for _, of := range []string{"metadata", "delete", "undelete", "destroy"} {
		list = append(list, probe{path: m.path + "/" + of + "/" + name})
	}
	list = append(list, probe{path: m.path + "/metadata/"}, probe{path: m.path + "/config"})
	return appendFolder(list, m.path+"/metadata/", name)
}

// appendFolder adds the folder in which a secret stands, unless that is the root.
func appendFolder(list []probe, root, name string) []probe {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		list = append(list, probe{path: root + name[:i+1]})
	}
	return list
}

// excess asks Vault about all paths at once.
func (s *Session) excess(ctx context.Context, probes []probe) ([]Excess, error) {
	if _, err := s.ensureLogin(ctx); err != nil {
		return nil, err
	}
	paths := make([]string, len(probes))
	for i, p := range probes {
		paths[i] = p.path
	}
	answer, err := s.reader.Logical().WriteWithContext(ctx, "sys/capabilities-self", map[string]any{"paths": paths})
	if err != nil {
		return nil, vaultError(ctx, err)
	}
	var found []Excess
	for _, p := range probes {
		var raw any
		if answer != nil {
			raw = answer.Data[p.path]
		}
		granted := textsOf(raw)
		if len(granted) == 0 { // Vault says "deny" where nothing is granted
			return nil, fmt.Errorf("the Vault server does not say what the token may do at %s: %w", p.path, ErrUnavailable)
		}
		if beyond := p.beyond(granted); len(beyond) > 0 {
			found = append(found, Excess{strings.Replace(p.path, unknownName, anyName, 1), beyond})
		}
	}
	return found, nil
}

// beyond is what is granted and not needed, in known words.
func (p probe) beyond(granted []string) []string {
	var words []string
	for _, word := range granted {
		switch word {
		case "deny", p.needed:
			continue
		case "create", "read", "update", "patch", "delete", "list", "sudo", rootPolicy:
		default:
			word = "other"
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return slices.Compact(words)
}
