package bridge

import "io"

// A File is what a message carries, and is fetched from Telegram as it is read.
// What reading it fails with is a *Error.
type File struct {
	Name     string // as its sender has called it; empty where that is not told
	MIMEType string // empty where that is not told
	Size     int64  // bytes
	Tag      string // another one for another content; empty where that is not told
	Content  io.ReadSeekCloser
}
