package credential

import "context"

// Source is where a value comes from.
type Source interface {
	// Fetch reads the value now. It returns at the latest when ctx ends, with
	// an error that wraps one of the Err values of this package.
	Fetch(ctx context.Context) (*Value, error)

	// Describe names the source for logs and status. It holds no secret.
	Describe() string
}

// Location says where one field of a value stands: a path for FileSource, the
// name of a variable for EnvSource.
type Location struct {
	Field string `json:"field,omitempty"`
	At    string `json:"at,omitempty"`
}
