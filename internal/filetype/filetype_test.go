package filetype_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"godwit/internal/filetype"
)

func TestDetect(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	cut := strings.Repeat("ü", filetype.HeadSize/2-1) + "x€€"
	for _, test := range []struct{ head, name, want string }{
		{picture.String(), "x.txt", "image/png"},
		{"\xff\xd8\xff\xe0", "", "image/jpeg"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "image/webp"},
		{"\x00\x00\x00\x20ftypisom", "a.bin", "video/mp4"},
		{"\x00\x00\x00\x20ftypM4A ", "", "audio/mp4"},
		{"\x00\x00\x00\x20ftypqt  ", "", "video/quicktime"},
		{"PK\x03\x04....", "Report.DOCX", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"PK\x03\x04....", "", "application/zip"},
		{"{}", "settings.json", "application/json"},
		{"plain words\n", "", "text/plain"},
		{cut, "", "text/plain"},
		{"\xff\xfe\x00", "", filetype.Unknown},
		{"a\x00b", "x.mp3", "audio/mpeg"},
		{"", "", filetype.Unknown},
		{"", "empty.txt", "text/plain"},
	} {
		if got := filetype.Detect([]byte(test.head), test.name); got != test.want {
			t.Errorf("Detect(%.20q, %q) = %s, want %s", test.head, test.name, got, test.want)
		}
	}
}
