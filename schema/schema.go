// Package schema holds Telegram's schemas and the facts known about their
// methods, as embedded files; [API] is the one to start with. README.md beside it says what each file is.
// Parse the .tl files with package tl/schema.
package schema

import _ "embed" // for the data files

// The files, as they stand.
var (
	//go:embed api.tl
	API string // the API, one layer
	//go:embed mtproto.tl
	MTProto string // the service messages
	//go:embed errors.tsv
	Errors string // code and name of each known error; %d stands for a number
	//go:embed method_access.tsv
	MethodAccess string // methods that only users, or only bots, may call
	//go:embed method_errors.tsv
	MethodErrors string // the errors known for a method
)
