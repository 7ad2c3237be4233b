package botapi

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"strings"

	"godwit/tg"
)

// partSize is that of the parts in which files go to the sandbox.
const partSize = 512 << 10

// smallFile is the size above which the parts are those of a big file (R-FI-04).
const smallFile = 10 << 20

// upload brings a file of the request to the sandbox.
func (q *request) upload(f *multipart.FileHeader) (tg.InputFileClass, error) {
	switch {
	case f.Size > maxUpload:
		return nil, errTooLarge
	case f.Size == 0:
		return nil, bad("file must be non-empty")
	}
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	id := rand.Int64()
	parts := int32((f.Size + partSize - 1) / partSize)
	for part := range parts {
		p := make([]byte, min(partSize, f.Size-int64(part)*partSize))
		if _, err := io.ReadFull(in, p); err != nil {
			return nil, err
		}
		if f.Size > smallFile {
			_, err = call(q, q.b, &tg.UploadSaveBigFilePart{FileID: id, FilePart: part, FileTotalParts: parts, Bytes: p})
		} else {
			_, err = call(q, q.b, &tg.UploadSaveFilePart{FileID: id, FilePart: part, Bytes: p})
		}
		if err != nil {
			return nil, err
		}
	}
	if f.Size > smallFile {
		return &tg.InputFileBig{ID: id, Parts: parts, Name: f.Filename}, nil
	}
	return &tg.InputFile{ID: id, Parts: parts, Name: f.Filename}, nil
}

// A mediaForm is what a request says of one file to be sent: its own arguments,
// or the fields of an InputMedia.
type mediaForm struct {
	kind   fileKind
	source string // file id, URL, attach://NAME, or empty
	field  string // name of the file in the request, if the source names none
	arg    func(name string) string
	thumb  string // the same as source, of a thumbnail
}

func (m *mediaForm) number(name string) int32 {
	var n float64
	if json.Unmarshal([]byte(m.arg(name)), &n) != nil {
		return 0
	}
	return int32(max(0, min(n, 1<<30)))
}

// names are what kinds of media are called in requests.
var names = map[fileKind]string{
	kindPhoto: "photo", kindDocument: "document", kindVideo: "video", kindAudio: "audio", kindVoice: "voice",
	kindNote: "video note", kindAnimation: "animation",
}

// attached returns the file of the request that a source names.
func (q *request) attached(source, field string) *multipart.FileHeader {
	if name, ok := strings.CutPrefix(source, "attach://"); ok {
		return q.files[name]
	}
	if source == "" {
		return q.files[field]
	}
	return nil
}

// inputMedia makes of a form what is sent.
func (q *request) inputMedia(m *mediaForm) (tg.InputMediaClass, error) {
	f := q.attached(m.source, m.field)
	switch {
	case f != nil:
	case m.source == "" || strings.HasPrefix(m.source, "attach://"):
		return nil, bad("There is no %s in the request", names[m.kind])
	default:
		return q.sentBefore(m)
	}
	content, err := q.upload(f)
	if err != nil {
		return nil, err
	}
	if m.kind == kindPhoto {
		return &tg.InputMediaUploadedPhoto{File: content, Spoiler: isTrue(m.arg("has_spoiler"))}, nil
	}
	out := &tg.InputMediaUploadedDocument{
		File: content, Spoiler: isTrue(m.arg("has_spoiler")), ForceFile: m.kind == kindDocument,
		MIMEType: f.Header.Get("Content-Type"), Attributes: m.attributes(f.Filename),
	}
	if out.MIMEType == "application/octet-stream" {
		out.MIMEType = "" // found out by what is in it
	}
	if thumb := q.attached(m.thumb, "thumbnail"); thumb != nil {
		if out.Thumb, err = q.upload(thumb); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sentBefore names a file by its id.
func (q *request) sentBefore(m *mediaForm) (tg.InputMediaClass, error) {
	if strings.Contains(m.source, "://") || strings.ContainsAny(m.source, "./") {
		if strings.HasPrefix(m.source, "http://") || strings.HasPrefix(m.source, "https://") {
			return nil, bad("failed to get HTTP URL content")
		}
		return nil, bad("wrong file identifier/HTTP URL specified")
	}
	n, err := q.b.fileOf(m.source)
	if err != nil {
		return nil, err
	}
	f, ok := q.b.stored(n)
	switch {
	case !ok:
		return nil, bad("wrong file identifier/HTTP URL specified")
	case f.Document == (m.kind == kindPhoto) || f.Document && n.picture != "":
		return nil, bad("type of file mismatch")
	case m.kind == kindPhoto:
		return &tg.InputMediaPhoto{
			ID:      &tg.InputPhoto{ID: n.id, AccessHash: f.Hash, FileReference: f.Reference},
			Spoiler: isTrue(m.arg("has_spoiler")),
		}, nil
	}
	return &tg.InputMediaDocument{
		ID:      &tg.InputDocument{ID: n.id, AccessHash: f.Hash, FileReference: f.Reference},
		Spoiler: isTrue(m.arg("has_spoiler")),
	}, nil
}

// attributes are what a document is used as.
func (m *mediaForm) attributes(name string) []tg.DocumentAttributeClass {
	out := []tg.DocumentAttributeClass{}
	if name != "" {
		out = append(out, &tg.DocumentAttributeFilename{FileName: name})
	}
	video := &tg.DocumentAttributeVideo{
		Duration: float64(m.number("duration")), W: m.number("width"), H: m.number("height"),
		SupportsStreaming: isTrue(m.arg("supports_streaming")),
	}
	switch m.kind {
	case kindVideo:
		out = append(out, video)
	case kindAnimation:
		out = append(out, &tg.DocumentAttributeAnimated{}, video)
	case kindNote:
		video.RoundMessage, video.W = true, max(1, m.number("length"))
		video.H = video.W
		out = append(out, video)
	case kindAudio:
		out = append(out, &tg.DocumentAttributeAudio{
			Duration: m.number("duration"), Title: optional(m.arg("title")), Performer: optional(m.arg("performer")),
		})
	case kindVoice:
		out = append(out, &tg.DocumentAttributeAudio{Voice: true, Duration: m.number("duration")})
	}
	return out
}

// An inputMediaObject is an InputMedia of the Bot API.
type inputMediaObject map[string]json.RawMessage

func (o inputMediaObject) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) == nil {
		return s
	}
	return string(o[name])
}

var inputMediaKinds = map[string]fileKind{
	"photo": kindPhoto, "document": kindDocument, "video": kindVideo, "audio": kindAudio, "animation": kindAnimation,
}

// mediaObject reads an InputMedia: what is sent and its caption.
func (q *request) mediaObject(raw json.RawMessage) (tg.InputMediaClass, formatted, error) {
	var o inputMediaObject
	if json.Unmarshal(raw, &o) != nil {
		return nil, formatted{}, bad("Can't parse InputMedia: expected an Object")
	}
	kind, ok := inputMediaKinds[o.text("type")]
	switch {
	case !ok:
		return nil, formatted{}, bad("Can't parse InputMedia: type must be non-empty")
	case o.text("media") == "":
		return nil, formatted{}, bad("Can't parse InputMedia: media not found")
	}
	caption, err := q.formatted(o.text("caption"), o.text("parse_mode"), string(o["caption_entities"]))
	if err != nil {
		return nil, formatted{}, err
	}
	in, err := q.inputMedia(&mediaForm{kind: kind, source: o.text("media"), arg: o.text, thumb: o.text("thumbnail")})
	return in, caption, err
}

// lasting makes of media that are uploaded some that an album can take.
func (q *request) lasting(p *place, in tg.InputMediaClass) (tg.InputMediaClass, error) {
	switch in.(type) {
	case *tg.InputMediaUploadedDocument, *tg.InputMediaUploadedPhoto:
	default:
		return in, nil
	}
	made, err := call(q, q.b, &tg.MessagesUploadMedia{Peer: p.peer(), Media: in})
	if err != nil {
		return nil, err
	}
	return again(made), nil
}

// again returns media as they are sent once more, nil if they cannot be.
func again(in tg.MessageMediaClass) tg.InputMediaClass {
	switch in := in.(type) {
	case *tg.MessageMediaPhoto:
		if p, ok := in.Photo.(*tg.Photo); ok {
			return &tg.InputMediaPhoto{
				ID: &tg.InputPhoto{ID: p.ID, AccessHash: p.AccessHash, FileReference: p.FileReference}, Spoiler: in.Spoiler,
			}
		}
	case *tg.MessageMediaDocument:
		if d, ok := in.Document.(*tg.Document); ok {
			return &tg.InputMediaDocument{
				ID: &tg.InputDocument{ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference}, Spoiler: in.Spoiler,
			}
		}
	case *tg.MessageMediaContact:
		return &tg.InputMediaContact{
			PhoneNumber: in.PhoneNumber, FirstName: in.FirstName, LastName: in.LastName, Vcard: in.Vcard,
		}
	case *tg.MessageMediaGeo:
		if g, ok := in.Geo.(*tg.GeoPoint); ok {
			return &tg.InputMediaGeoPoint{GeoPoint: &tg.InputGeoPoint{Lat: g.Lat, Long: g.Long}}
		}
	}
	return nil
}

// geo reads a location.
func (q *request) geo() (*tg.InputMediaGeoPoint, error) {
	out := &tg.InputGeoPoint{}
	for name, into := range map[string]*float64{"latitude": &out.Lat, "longitude": &out.Long} {
		text := strings.TrimSpace(q.args[name])
		if text == "" {
			return nil, bad("%s is empty", name)
		}
		if json.Unmarshal([]byte(text), into) != nil {
			return nil, bad("Valid %s must be specified", name)
		}
	}
	return &tg.InputMediaGeoPoint{GeoPoint: out}, nil
}
