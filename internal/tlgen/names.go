package main

import "strings"

// initialisms are the words that Go names write in capitals.
var initialisms = map[string]string{
	"2fa": "2FA", "aes": "AES", "ai": "AI", "api": "API", "cdn": "CDN", "crc32": "CRC32",
	"dc": "DC", "dh": "DH", "gif": "GIF", "gifs": "GIFs", "html": "HTML", "http": "HTTP",
	"id": "ID", "ids": "IDs", "ip": "IP", "isbn": "ISBN", "iv": "IV",
	"json": "JSON", "kdf": "KDF", "md5": "MD5", "mime": "MIME", "ok": "OK",
	"p2p": "P2P", "pdf": "PDF", "pq": "PQ", "qr": "QR", "rpc": "RPC", "rsa": "RSA",
	"rtmp": "RTMP", "sha1": "SHA1", "sha256": "SHA256", "sms": "SMS", "srp": "SRP",
	"tcp": "TCP", "tls": "TLS", "ttl": "TTL", "udp": "UDP", "ui": "UI", "uid": "UID",
	"uids": "UIDs", "uri": "URI", "url": "URL", "urls": "URLs", "utc": "UTC", "utf8": "UTF8", "xmin": "XMin",
}

// goName returns the exported Go name of a TL name: its words, split at dots,
// underscores and changes of case, each capitalised, initialisms whole.
func goName(tl string) string {
	var b strings.Builder
	for _, word := range splitWords(tl) {
		lower := strings.ToLower(word)
		if whole, ok := initialisms[lower]; ok {
			b.WriteString(whole)
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// splitWords splits a TL name. A run of capitals is a word, without the last
// one if a lower-case letter follows it: resPQ, JSONValue.
func splitWords(name string) []string {
	var words []string
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' }) {
		start := 0
		for i := 1; i < len(part); i++ {
			newWord := isUpper(part[i]) && (!isUpper(part[i-1]) || i+1 < len(part) && isLower(part[i+1]))
			if newWord {
				words = append(words, part[start:i])
				start = i
			}
		}
		words = append(words, part[start:])
	}
	return words
}

// localName returns the unexported Go name of a TL name: flags, flags2.
func localName(tl string) string {
	name := goName(tl)
	return strings.ToLower(name[:1]) + name[1:]
}

// errorName returns the name of the sentinel of an error type.
func errorName(typ string) string {
	return "Err" + goName(strings.ToLower(typ))
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
