package bridge

import "time"

// An Upload is a file that was given to the bridge to be sent.
type Upload struct {
	ID        UploadID
	Name      string // that others see
	MIMEType  string // empty: found out when it is sent
	Size      int64  // bytes
	CreatedAt time.Time
}
