// Package filetype tells the media type of a file by how it begins and by its
// name. Call [Detect].
//
// It knows the types that Telegram's apps show in a way of their own, and the
// commonest others. net/http knows more, but makes whoever imports it slow to
// build.
package filetype

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// HeadSize is how many bytes from the beginning of a file Detect looks at.
const HeadSize = 512

// Unknown is the type of a file about which nothing is known.
const Unknown = "application/octet-stream"

// Detect returns the media type of a file that begins with head, of which the
// first HeadSize bytes count. name may be empty; it decides where head does
// not: most formats of office programs are zip archives, and text can be
// anything.
func Detect(head []byte, name string) string {
	head = head[:min(len(head), HeadSize)]
	seen := byHead(head)
	if seen == "" || seen == "application/zip" || seen == "text/plain" {
		if named := byName[strings.ToLower(path.Ext(name))]; named != "" {
			return named
		}
	}
	if seen == "" {
		return Unknown
	}
	return seen
}

// A signature is how the files of a type begin.
type signature struct {
	at    int
	magic string
	mime  string
}

var signatures = []signature{
	{0, "\xff\xd8\xff", "image/jpeg"},
	{0, "\x89PNG\r\n\x1a\n", "image/png"},
	{0, "GIF87a", "image/gif"},
	{0, "GIF89a", "image/gif"},
	{0, "BM", "image/bmp"},
	{8, "WEBP", "image/webp"},
	{8, "WAVE", "audio/wav"},
	{8, "AVI ", "video/x-msvideo"},
	{0, "OggS", "audio/ogg"},
	{0, "fLaC", "audio/flac"},
	{0, "ID3", "audio/mpeg"},
	{0, "\xff\xfb", "audio/mpeg"},
	{0, "\x1aE\xdf\xa3", "video/webm"},
	{0, "%PDF-", "application/pdf"},
	{0, "PK\x03\x04", "application/zip"},
	{0, "\x1f\x8b\x08", "application/gzip"},
	{0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
	{0, "Rar!\x1a\x07", "application/vnd.rar"},
}

// byHead returns "" for what it does not know.
func byHead(head []byte) string {
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return isoMedia(string(head[8:12]))
	}
	for _, s := range signatures {
		if len(head) >= s.at && bytes.HasPrefix(head[s.at:], []byte(s.magic)) {
			return s.mime
		}
	}
	if isText(head) {
		return "text/plain"
	}
	return ""
}

// isoMedia tells by its brand what an ISO base media file holds.
func isoMedia(brand string) string {
	switch strings.TrimSpace(brand) {
	case "M4A", "M4B":
		return "audio/mp4"
	case "qt":
		return "video/quicktime"
	case "heic", "heix":
		return "image/heic"
	case "avif":
		return "image/avif"
	}
	return "video/mp4"
}

// isText reports whether head is UTF-8 without control characters; its last
// character may be cut.
func isText(head []byte) bool {
	if len(head) == 0 {
		return false
	}
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		switch {
		case r == utf8.RuneError && size == 1:
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		case r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f', r == 0x7f:
			return false
		}
		head = head[size:]
	}
	return true
}

var byName = map[string]string{
	".csv":  "text/csv",
	".css":  "text/css",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".epub": "application/epub+zip",
	".htm":  "text/html",
	".html": "text/html",
	".apk":  "application/vnd.android.package-archive",
	".js":   "text/javascript",
	".json": "application/json",
	".m4a":  "audio/mp4",
	".md":   "text/markdown",
	".mkv":  "video/x-matroska",
	".mov":  "video/quicktime",
	".mp3":  "audio/mpeg",
	".mp4":  "video/mp4",
	".odt":  "application/vnd.oasis.opendocument.text",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".svg":  "image/svg+xml",
	".tgs":  "application/x-tgsticker",
	".txt":  "text/plain",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".xml":  "text/xml",
	".zip":  "application/zip",
}
