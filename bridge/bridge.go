// Package bridge is the domain of the daemon that keeps Telegram accounts
// online: accounts and their states, the errors that it tells its users, and
// the names under which everything is known. It does no I/O; the adapters below
// bridge/internal do.
//
// [Next] is where to start reading: the one function that says what becomes of
// an account, whatever happens to it. [CauseOf] turns an error of Telegram into
// what Next takes, [Error] is what users of the HTTP API are told.
//
// Numbers such as R-ER-05 are those of docs/requirements.md.
package bridge
