package archtest

// programs are commands, and what tests are made with.
var programs = []Row{
	{
		Dir: "internal/pgtest", Kind: Program,
		Modules: []string{"github.com/jackc/pgx/v5"},
		Reason:  "test helper: runs a PostgreSQL of the test's own",
	},
	{
		Dir: "internal/secrettest", Kind: Program,
		Tests:   []string{"internal/pgtest"},
		Modules: []string{"github.com/jackc/pgx/v5", "modernc.org/sqlite"},
		Reason:  "test helper: looks for secrets in whatever was written",
	},
	{
		Dir: "internal/demo", Kind: Program,
		Own:     []string{"bridge", "bridge/client", "sandbox", "sandbox/botapi", "sandbox/people"},
		Modules: []string{"github.com/standard-webhooks/standard-webhooks/libraries"},
		Reason:  "uses the daemon as programs do: a process of its own, over its HTTP API",
	},
	{
		Dir: "examples/conversation", Kind: Program,
		Own:    []string{"sandbox", "telegram", "telegram/connectionfile", "telegram/filestore", "tg"},
		Reason: "a first look: it imports what a user of the library does, and builds in well under a minute",
	},
	{
		Dir: "cmd/godwit", Kind: Program,
		Own: []string{
			"bridge", "bridge/client", "bridge/daemon", "bridge/operator", "internal/demo",
			"internal/inspect", "mtproto", "mtproto/transport", "mtproto/transport/proxy", "mtproto/transport/web",
			"sandbox", "sandbox/botapi", "sandbox/control", "telegram", "telegram/connectionfile", "telegram/files",
			"telegram/filestore", "telegram/flow", "telegram/groups", "telegram/participants", "telegram/sessions", "telegram/signin", "telegram/text", "tg", "tl", "tl/schema",
		},
		Tests:   []string{"bridge/bridgetest", "internal/pgtest", "internal/secrettest"},
		Modules: []string{"github.com/alecthomas/kong", "github.com/vbauerster/mpb/v8", "rsc.io/qr"},
		Reason:  "wiring: the one place that may know all of it",
	},
	{
		Dir: "internal/simulation", Kind: Program,
		Own: []string{
			"tl", "tg", "mtproto", "mtproto/mtcrypto", "mtproto/authkey", "mtproto/session", "telegram/updates",
		},
		Tests:  []string{"mtproto/mtclient", "mtproto/mtserver", "mtproto/transport"},
		Reason: "joins the cores of both sides under a hostile network; nothing that is shipped imports it",
	},
	{
		Dir: "internal/simulation/simulate", Kind: Program,
		Own:    []string{"internal/simulation"},
		Reason: "the command behind make sim",
	},
	{
		Dir: "internal/simnet", Kind: Program,
		Reason: "test helper: a bad network in memory, which knows nothing of what it carries",
	},
	{
		Dir: "internal/vectors", Kind: Program,
		Reason: "test helper: hands out test vectors",
	},
	{
		Dir: "internal/leak", Kind: Program,
		Reason: "test helper: looks for goroutines left behind",
	},
	{
		Dir: "internal/proxytest", Kind: Program,
		Reason: "test helper: proxies for clients to go through",
	},
	{
		Dir: "internal/archtest", Kind: Program,
		Reason: "reads the tree as text and depends on none of it",
	},
	{
		Dir: "interop/...", Kind: Program,
		Own: []string{
			"mtproto", "mtproto/authkey", "mtproto/mtclient", "mtproto/mtcrypto", "mtproto/session",
			"mtproto/transport", "mtproto/transport/proxy", "mtproto/transport/web", "sandbox", "sandbox/botapi",
			"telegram", "telegram/files", "telegram/filestore", "telegram/groups", "telegram/participants", "telegram/sessions", "telegram/signin",
			"telegram/updates", "tg", "tl",
		},
		Modules: []string{
			"github.com/coder/websocket", "github.com/go-telegram/bot", "github.com/gotd/ige", "github.com/gotd/log",
			"github.com/gotd/td", "github.com/mymmrac/telego",
		},
		Reason: "clients and servers of other makers, in a module of their own so that no user of ours links them",
	},
	{
		Dir: "benchmarks/...", Kind: Program,
		Own:     []string{"mtproto", "mtproto/authkey", "mtproto/mtcrypto", "sandbox", "telegram", "telegram/connectionfile", "telegram/files", "telegram/sessions", "telegram/signin", "telegram/updates", "tg", "tl"},
		Modules: []string{"github.com/gotd/td"},
		Reason:  "rivals to measure against, in a module of their own so that no user of ours links them",
	},
}
