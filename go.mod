module godwit

go 1.26

require (
	github.com/alecthomas/kong v1.12.1
	golang.org/x/crypto v0.54.0
	rsc.io/qr v0.2.0
)

require github.com/oklog/ulid/v2 v2.1.2
