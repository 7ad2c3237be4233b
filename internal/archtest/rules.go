package archtest

import "slices"

// testHelpers are packages of ours that every test may import. They know
// nothing of what they help to test.
var testHelpers = []string{"internal/leak", "internal/proxytest", "internal/simnet", "internal/vectors"}

// Rows is the repository's allow-list, lowest package first. Dependencies
// point down only.
var Rows = slices.Concat(shipped, programs)

// shipped are the packages that the library and the daemon are made of.
var shipped = []Row{
	{
		Dir: "tl", Kind: Library,
		Reason: "the wire encoding knows neither schema nor protocol",
	},
	{
		Dir: "tl/schema", Kind: Library,
		Tests:  []string{"schema", "schema/layers"},
		Reason: "a schema is text; reading it needs no encoder",
	},
	{
		Dir: "schema", Kind: Library,
		Reason: "data files, embedded, and nothing that interprets them",
	},
	{
		Dir: "schema/layers", Kind: Library,
		Reason: "as schema; apart, so that who needs one layer embeds no others",
	},
	{
		Dir: "internal/tlgen", Kind: Program,
		Own:    []string{"mtproto", "schema", "tl/schema"},
		Reason: "the generator must not depend on what it generates",
	},
	{
		Dir: "mtproto", Kind: Library,
		Own:    []string{"tl"},
		Reason: "shared terms only: whatever it imported, everything would",
	},
	{
		Dir: "mtproto/internal/mt", Kind: Library,
		Own:    []string{"tl"},
		Tests:  []string{"schema", "tl/schema"},
		Reason: "generated service messages; the protocol never needs tg",
	},
	{
		Dir: "internal/gz", Kind: Library,
		Reason: "keeps compressors between uses, which a sans-IO package may not",
	},
	{
		Dir: "internal/lockfile", Kind: Library,
		Reason: "one lock for files of credentials and for the bridge's database",
	},
	{
		Dir: "mtproto/mtcrypto", Kind: Library,
		Own:    []string{"tl", "mtproto"},
		Reason: "primitives take bytes and give bytes",
	},
	{
		Dir: "mtproto/transport", Kind: Library,
		Own:    []string{"mtproto", "mtproto/mtcrypto"},
		Reason: "framing carries packets that it does not understand",
	},
	{
		Dir: "mtproto/transport/proxy", Kind: Library, Heavy: true,
		Own:    []string{"mtproto", "mtproto/transport"},
		Reason: "proxies and their cryptography, apart from transport since few clients need them",
	},
	{
		Dir: "mtproto/transport/web", Kind: Library, Heavy: true,
		Own:    []string{"mtproto", "mtproto/transport"},
		Reason: "HTTP and TLS, apart from transport so that a client over TCP links neither",
	},
	{
		Dir: "mtproto/authkey", Kind: SansIO,
		Own:    []string{"tl", "mtproto", "mtproto/internal/mt", "mtproto/mtcrypto"},
		Reason: "key generation as a pure state machine, the same for both sides",
	},
	{
		Dir: "mtproto/session", Kind: SansIO,
		Own:    []string{"tl", "mtproto", "internal/gz", "mtproto/internal/mt", "mtproto/mtcrypto"},
		Reason: "the session as a pure state machine, the same for both sides",
	},
	{
		Dir: "mtproto/mtclient", Kind: Library,
		Own: []string{
			"tl", "mtproto", "mtproto/internal/mt", "mtproto/mtcrypto",
			"mtproto/authkey", "mtproto/session", "mtproto/transport",
		},
		Tests:  []string{"mtproto/mtserver"},
		Reason: "adds goroutines and a network to the client's state machines; requests are opaque bytes",
	},
	{
		Dir: "mtproto/mtserver", Kind: Library, Heavy: true,
		Own: []string{
			"tl", "mtproto", "mtproto/internal/mt", "mtproto/mtcrypto",
			"mtproto/authkey", "mtproto/session", "mtproto/transport",
		},
		Tests:  []string{"mtproto/mtclient"},
		Reason: "adds goroutines and a listener to the server's state machines; requests are opaque bytes",
	},
	{
		Dir: "tg", Kind: Library,
		Own:    []string{"tl", "mtproto"},
		Tests:  []string{"schema", "tl/schema"},
		Reason: "generated from the schema; of mtproto it takes RPCError, for its sentinels",
	},
	{
		Dir: "telegram/updates", Kind: SansIO,
		Own:    []string{"tl", "tg"},
		Tests:  []string{"mtproto"},
		Reason: "the gap engine is tested without a client, so it never imports telegram",
	},
	{
		Dir: "telegram/flow", Kind: SansIO,
		Own:    []string{"mtproto"},
		Reason: "waits and priorities as a pure state machine; it knows methods by their names alone",
	},
	{
		Dir: "telegram/signin", Kind: Library,
		Own:    []string{"tl", "tg", "mtproto", "mtproto/mtcrypto"},
		Tests:  []string{"telegram", "telegram/internal/place"},
		Reason: "the sign-in machine is tested without a client, and never imports telegram; its example takes one",
	},
	{
		Dir: "telegram", Kind: Library,
		Own: []string{
			"tl", "tg", "mtproto", "mtproto/mtclient", "mtproto/mtcrypto",
			"mtproto/authkey", "mtproto/session", "mtproto/transport", "telegram/flow",
			"telegram/signin", "telegram/updates",
		},
		Tests: []string{
			"mtproto/transport/proxy", "mtproto/transport/web", "sandbox", "telegram/connectionfile", "telegram/files",
			"telegram/filestore", "telegram/groups", "telegram/internal/place", "telegram/participants", "telegram/text",
		},
		Reason: "the client; its tests run against the sandbox, its users link none of it",
	},
	{
		Dir: "telegram/filestore", Kind: Library,
		Own:    []string{"internal/lockfile", "telegram"},
		Tests:  []string{"mtproto", "telegram/updates"},
		Reason: "apart so that a client that keeps its credentials elsewhere does not build it",
	},
	{
		Dir: "telegram/connectionfile", Kind: Library, Heavy: true,
		Own:    []string{"mtproto/mtcrypto", "telegram"},
		Reason: "JSON, apart so that a client of Telegram's own network does not build it",
	},
	{
		Dir: "telegram/groups", Kind: Library,
		Own:    []string{"telegram", "tg", "tl"},
		Tests:  []string{"sandbox", "telegram/internal/place"},
		Reason: "apart from the client, so that who needs no groups builds none of it",
	},
	{
		Dir: "telegram/participants", Kind: Library,
		Own:    []string{"telegram", "tg"},
		Tests:  []string{"sandbox", "telegram/groups", "telegram/internal/place", "tl"},
		Reason: "as telegram/groups",
	},
	{
		Dir: "telegram/text", Kind: Library,
		Own:    []string{"tg"},
		Reason: "text in, entities out; it knows no client",
	},
	{
		Dir: "telegram/takeout", Kind: Library,
		Own:    []string{"mtproto", "telegram", "tg", "tl"},
		Tests:  []string{"sandbox", "telegram/internal/place", "telegram/participants"},
		Reason: "as telegram/groups",
	},
	{
		Dir: "telegram/internal/place", Kind: Program,
		Own:    []string{"mtproto/mtcrypto", "sandbox", "telegram", "telegram/connectionfile", "tg"},
		Reason: "test helper: a local Telegram with people on it",
	},
	{
		Dir: "internal/filetype", Kind: Library,
		Reason: "names types of files for the client and the sandbox, which import nothing of each other",
	},
	{
		Dir: "telegram/files", Kind: Library, Heavy: true,
		Own:    []string{"internal/filetype", "tl", "tg", "mtproto", "telegram", "telegram/flow"},
		Tests:  []string{"telegram/connectionfile", "telegram/groups", "mtproto/mtcrypto", "sandbox", "telegram/internal/place"},
		Reason: "on top of the client, so that who moves no files links none of it",
	},
	{
		Dir: "telegram/sessions", Kind: Library, Heavy: true,
		Own:    []string{"tl", "mtproto", "mtproto/mtcrypto", "mtproto/session", "telegram"},
		Reason: "what other programs store, made into the client's credentials; the client needs none of it",
	},
	{
		Dir: "internal/layer", Kind: Library,
		Own:    []string{"internal/gz", "schema", "schema/layers", "tl", "tl/schema"},
		Tests:  []string{"tg"},
		Reason: "translates by the names in the schemas; cases by type would need tg",
	},
	{
		Dir: "internal/capture", Kind: Program,
		Modules: []string{"github.com/gopacket/gopacket", "pgregory.net/rapid"},
		Reason:  "captures of a network, whatever it carries; the modules are what its tests compare with",
	},
	{
		Dir: "internal/inspect", Kind: Program,
		Own: []string{
			"internal/capture", "internal/gz", "schema", "schema/layers", "tl", "tl/schema",
			"mtproto", "mtproto/session", "mtproto/transport", "mtproto/transport/web",
		},
		Tests:   []string{"telegram/connectionfile", "mtproto/mtcrypto", "sandbox", "telegram", "tg"},
		Modules: []string{"github.com/gopacket/gopacket"},
		Reason:  "reads what others have said by the schemas alone, so that it never lags behind a layer that tg has dropped",
	},
	{
		Dir: "sandbox", Kind: Library, Heavy: true,
		Own: []string{
			"internal/filetype", "internal/layer", "schema", "tl", "tg", "mtproto", "mtproto/mtcrypto",
			"mtproto/mtserver", "mtproto/session", "mtproto/transport", "mtproto/transport/proxy",
			"mtproto/transport/web",
		},
		Tests: []string{
			"mtproto/authkey", "mtproto/mtclient", "schema/layers", "telegram", "tl/schema",
		},
		Reason: "the server side alone, so that it serves clients of any make",
	},
	{
		Dir: "sandbox/botapi", Kind: Library, Heavy: true,
		Own:    []string{"mtproto", "sandbox", "tg", "tl"},
		Tests:  []string{"mtproto/mtcrypto", "telegram"},
		Reason: "the Bot API over HTTP, apart from sandbox so that a server of MTProto alone links none of it",
	},
	{
		Dir: "sandbox/control", Kind: Library, Heavy: true,
		Own:    []string{"sandbox"},
		Tests:  []string{"mtproto/mtcrypto", "telegram", "telegram/connectionfile", "tg"},
		Reason: "faults over HTTP, apart from sandbox as sandbox/botapi is",
	},
	{
		Dir: "sandbox/people", Kind: Library, Heavy: true,
		Own:    []string{"sandbox", "tg", "tl"},
		Reason: "people who act by themselves, apart from sandbox so that it does nothing unasked",
	},
	{
		Dir: "bridge", Kind: Program,
		Modules: []string{"github.com/oklog/ulid/v2"},
		Reason:  "the daemon's terms and rules; whatever it imported, all of its adapters would",
	},
	{
		Dir: "bridge/internal/budget", Kind: SansIO,
		Own:     []string{"bridge"},
		Modules: []string{"pgregory.net/rapid"},
		Reason:  "when what may go, as a pure function of a plan and a small state; it reads no clock",
	},
	{
		Dir: "bridge/internal/store", Kind: Program,
		Own:     []string{"bridge", "internal/lockfile"},
		Tests:   []string{"internal/pgtest"},
		Modules: []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "modernc.org/sqlite"},
		Reason:  "SQL and nothing else; what the rows mean is in bridge",
	},
	{
		Dir: "bridge/internal/trace", Kind: Program,
		Own:     []string{"bridge"},
		Modules: []string{"go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"},
		Reason:  "the one place that knows OpenTelemetry; a nil tracer costs nothing",
	},
	{
		Dir: "bridge/internal/guard", Kind: Program,
		Reason: "holds connections back; both surfaces dial through it",
	},
	{
		Dir: "bridge/internal/botapi", Kind: Program,
		Own: []string{"bridge/internal/trace", "bridge", "bridge/internal/guard", "bridge/internal/inbox", "bridge/internal/store", "bridge/internal/vault"},
		Tests: []string{
			"mtproto/mtcrypto", "sandbox", "sandbox/botapi", "telegram", "telegram/connectionfile", "telegram/files",
			"telegram/updates", "tg",
		},
		Modules: []string{"github.com/go-telegram/bot"},
		Reason:  "the other surface: what account is to MTProto, without anything of it",
	},
	{
		Dir: "bridge/internal/account", Kind: Program,
		Own: []string{
			"bridge/internal/trace", "bridge", "bridge/internal/guard", "bridge/internal/inbox", "bridge/internal/store", "bridge/internal/vault",
			"mtproto", "mtproto/mtclient",
			"mtproto/transport", "telegram", "telegram/files", "telegram/flow", "telegram/groups", "telegram/participants",
			"telegram/signin", "telegram/text", "telegram/updates", "tg", "tl",
		},
		Tests:  []string{"mtproto/mtcrypto", "sandbox", "schema", "telegram/connectionfile", "tl/schema"},
		Reason: "the only part of the daemon that knows how Telegram is spoken to",
	},
	{
		Dir: "bridge/internal/fleet", Kind: Program,
		Own:    []string{"bridge", "bridge/internal/account", "bridge/internal/botapi", "bridge/internal/inbox", "bridge/internal/store"},
		Tests:  []string{"bridge/internal/trial", "internal/pgtest", "sandbox", "telegram", "telegram/groups", "tg"},
		Reason: "who runs what, and what becomes of it; how that is done is in account and botapi",
	},
	{
		Dir: "bridge/internal/outbox", Kind: Program,
		Own:     []string{"bridge/internal/trace", "bridge", "bridge/internal/account", "bridge/internal/fleet", "bridge/internal/inbox", "bridge/internal/spend", "bridge/internal/store"},
		Tests:   []string{"bridge/internal/httpapi", "bridge/internal/trial", "internal/pgtest", "telegram", "telegram/groups", "telegram/updates", "tg"},
		Modules: []string{"github.com/prometheus/client_golang"},
		Reason:  "what goes when; the planning is pure, in plan.go",
	},
	{
		Dir: "bridge/internal/service", Kind: Program,
		Own: []string{
			"bridge/internal/trace", "bridge", "bridge/internal/account", "bridge/internal/fleet", "bridge/internal/httpapi", "bridge/internal/outbox",
			"bridge/internal/pool", "bridge/internal/spend", "bridge/internal/store", "bridge/internal/vault",
		},
		Tests:  []string{"bridge/internal/trial", "internal/pgtest", "sandbox", "telegram", "telegram/groups", "tg"},
		Reason: "does what the HTTP API declares, and knows nothing of HTTP",
	},
	{
		Dir: "bridge/internal/trial", Kind: Program,
		Own: []string{
			"bridge", "bridge/internal/account", "bridge/internal/botapi", "bridge/internal/fleet", "bridge/internal/inbox",
			"bridge/internal/outbox", "bridge/internal/service", "bridge/internal/store", "bridge/internal/vault",
			"internal/pgtest", "mtproto/mtcrypto", "sandbox", "sandbox/botapi", "telegram", "telegram/connectionfile",
		},
		Reason: "whole nodes for tests; nothing but tests imports it",
	},
	{
		Dir: "bridge/daemon", Kind: Program,
		Own: []string{
			"bridge/internal/trace", "bridge", "bridge/internal/account", "bridge/internal/botapi", "bridge/internal/eventlog", "bridge/internal/fleet",
			"bridge/internal/httpapi", "bridge/internal/inbox", "bridge/internal/jobs", "bridge/internal/outbox",
			"bridge/internal/pool", "bridge/internal/service", "bridge/internal/spend", "bridge/internal/store",
			"bridge/internal/vault", "bridge/internal/webhook", "telegram",
		},
		Tests:   []string{"bridge/client", "internal/pgtest", "sandbox", "telegram/connectionfile"},
		Modules: []string{"github.com/prometheus/client_golang", "github.com/riverqueue/river", "go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"},
		Reason:  "puts the parts of a node together",
	},
	{
		Dir: "bridge/internal/soak", Kind: Program,
		Tests: []string{
			"bridge", "bridge/daemon", "bridge/internal/jobs", "bridge/internal/store", "bridge/internal/webhook", "internal/pgtest", "internal/proxytest",
			"sandbox", "telegram", "telegram/connectionfile", "tg",
		},
		Modules: []string{"github.com/jackc/pgx/v5"},
		Reason:  "tests of whole nodes as processes, and nothing else",
	},
	{
		Dir: "bridge/internal/httpapi", Kind: Program,
		Own:     []string{"bridge/internal/trace", "bridge", "bridge/internal/budget"},
		Tests:   []string{"bridge/internal/pool", "bridge/internal/spend", "bridge/internal/store"},
		Modules: []string{"github.com/danielgtaylor/huma/v2", "rsc.io/qr"},
		Reason:  "HTTP and nothing else; what is done is behind interfaces that it declares",
	},
	{
		Dir: "bridge/internal/eventlog", Kind: Program,
		Own:    []string{"bridge"},
		Tests:  []string{"bridge/internal/store", "internal/pgtest"},
		Reason: "the order of events as readers see it; where they are stored comes in as an interface",
	},
	{
		Dir: "bridge/internal/spend", Kind: Program,
		Own:    []string{"bridge", "bridge/internal/budget", "bridge/internal/store"},
		Tests:  []string{"internal/pgtest"},
		Reason: "the rules of budgets and the rows of the store, which know nothing of each other",
	},
	{
		Dir: "bridge/internal/pool", Kind: Program,
		Own:     []string{"bridge", "bridge/internal/spend", "bridge/internal/store"},
		Tests:   []string{"bridge/internal/budget", "internal/pgtest"},
		Modules: []string{"pgregory.net/rapid"},
		Reason:  "who does what; the outbox and the suppression list are interfaces",
	},
	{
		Dir: "bridge/internal/vault", Kind: Program,
		Own:   []string{"bridge", "bridge/internal/store"},
		Tests: []string{"internal/pgtest", "internal/secrettest"},
		Modules: []string{
			"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/config",
			"github.com/tink-crypto/tink-go/v2", "golang.org/x/oauth2",
		},
		Reason: "sealing alone: it takes and gives what the store stores",
	},
	{
		Dir: "bridge/operator", Kind: Program,
		Own:    []string{"bridge", "bridge/internal/store", "bridge/internal/vault"},
		Reason: "what the command line does without a daemon: cmd may not see bridge/internal",
	},
	{
		Dir: "bridge/bridgetest", Kind: Program,
		Own:    []string{"bridge", "bridge/internal/store", "bridge/internal/vault"},
		Reason: "test helper: fills databases for tests of what is outside bridge",
	},
	{
		Dir: "bridge/internal/inbox", Kind: Program,
		Own:    []string{"bridge/internal/trace", "bridge", "bridge/internal/store"},
		Tests:  []string{"internal/pgtest"},
		Reason: "what surfaces tell, in the bridge's terms; it knows neither of them",
	},
	{
		Dir: "bridge/internal/jobs", Kind: Program,
		Own:   []string{"bridge/internal/store"},
		Tests: []string{"internal/pgtest"},
		Modules: []string{
			"github.com/jackc/pgx/v5", "github.com/riverqueue/river", "github.com/riverqueue/river/riverdriver",
			"github.com/riverqueue/river/riverdriver/riverpgxv5", "github.com/riverqueue/river/riverdriver/riversqlite",
			"github.com/riverqueue/river/rivertype",
		},
		Reason: "River on the daemon's database, the same for both kinds",
	},
	{
		Dir: "bridge/internal/webhook", Kind: Program,
		Own:   []string{"bridge/internal/trace", "bridge", "bridge/internal/jobs", "bridge/internal/store"},
		Tests: []string{"bridge/internal/eventlog", "bridge/internal/vault", "internal/pgtest"},
		Modules: []string{
			"github.com/riverqueue/river", "github.com/riverqueue/river/rivertype",
			"github.com/standard-webhooks/standard-webhooks/libraries",
		},
		Reason: "deliveries; the log and the vault come in as interfaces",
	},
	{
		Dir: "bridge/client", Kind: Library, Heavy: true,
		Reason: "what programs of others import: it knows the daemon by its HTTP API alone",
	},
	{
		Dir: "bridge/client/generate", Kind: Program,
		Modules: []string{"github.com/getkin/kin-openapi", "github.com/oapi-codegen/oapi-codegen/v2"},
		Reason:  "the generator, in a module of its own so that nobody who uses the client builds it",
	},
}

// Exceptions to MaxFileLines and MaxFunctionLines.
var Exceptions = []Exception{}
