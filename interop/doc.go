// Package interop holds tests only: clients of other makers against the
// sandbox (TestGotd, TestMtcute, TestTelethon), libraries for bots against its
// Bot API (TestBots), and our client against a server of another
// maker (TestTgtest). It is a module of its own, so that nobody who uses
// godwit downloads the rivals.
//
// TestMtcute runs a Node.js program: "make interop" installs its packages from
// the lock file first. A run ends with a table of what was covered. With
// GODWIT_INTEROP_LOG=1 the other maker's library logs to the test's output.
package interop
