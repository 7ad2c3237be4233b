package botapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"

	"godwit/sandbox"
	"godwit/tg"
)

// A fileKind is what a file is used as.
type fileKind byte

const (
	kindPhoto     fileKind = 'p'
	kindDocument  fileKind = 'd'
	kindVideo     fileKind = 'v'
	kindAudio     fileKind = 'a'
	kindVoice     fileKind = 'o'
	kindNote      fileKind = 'n'
	kindAnimation fileKind = 'g'
	kindThumbnail fileKind = 't'
	kindProfile   fileKind = 'u'
)

// folders are where files of a kind are downloaded from.
var folders = map[fileKind]string{
	kindPhoto: "photos", kindDocument: "documents", kindVideo: "videos", kindAudio: "music", kindVoice: "voice",
	kindNote: "video_notes", kindAnimation: "animations", kindThumbnail: "thumbnails", kindProfile: "profile_photos",
}

// A fileName is what a file id says: which file, and which of its pictures if
// any.
type fileName struct {
	kind    fileKind
	id      int64
	picture string
}

const fileProof = 8 // bytes at the end of a file id

// proof shows that the bot has been told of a file: ids of one bot mean nothing
// to another (https://core.telegram.org/bots/api#sending-files).
func (b *bot) proof(p []byte) []byte {
	h := hmac.New(sha256.New, []byte(b.token))
	h.Write(p)
	return h.Sum(nil)[:fileProof]
}

func (b *bot) fileID(n fileName) string {
	p := append([]byte{byte(n.kind)}, binary.BigEndian.AppendUint64(nil, uint64(n.id))...)
	p = append(p, n.picture...)
	return base64.RawURLEncoding.EncodeToString(append(p, b.proof(p)...))
}

// uniqueID is the same for all bots, and cannot be used to send the file.
func (n fileName) uniqueID() string {
	class := byte('D')
	if n.kind == kindPhoto || n.picture != "" {
		class = 'P'
	}
	p := append([]byte{class}, binary.BigEndian.AppendUint64(nil, uint64(n.id))...)
	return base64.RawURLEncoding.EncodeToString(append(p, n.picture...))
}

// fileOf reads a file id.
func (b *bot) fileOf(id string) (fileName, error) {
	p, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return fileName{}, bad("wrong remote file identifier specified: Wrong character in the string")
	}
	cut := len(p) - fileProof
	if base64.RawURLEncoding.EncodeToString(p) != id || cut < 9 || !hmac.Equal(p[cut:], b.proof(p[:cut])) {
		return fileName{}, bad("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
	}
	return fileName{fileKind(p[0]), int64(binary.BigEndian.Uint64(p[1:9])), string(p[9:cut])}, nil
}

func (b *bot) fileObject(n fileName, size int64) file {
	return file{FileID: b.fileID(n), FileUniqueID: n.uniqueID(), FileSize: size}
}

// addMedia fills in what comes with a message.
func (b *bot) addMedia(out *message, in tg.MessageMediaClass) {
	switch in := in.(type) {
	case *tg.MessageMediaPhoto:
		if p, ok := in.Photo.(*tg.Photo); ok {
			out.Photo, out.HasSpoiler = b.photoSizes(kindPhoto, p.ID, p.Sizes), in.Spoiler
		}
	case *tg.MessageMediaDocument:
		if d, ok := in.Document.(*tg.Document); ok {
			b.addDocument(out, d)
			out.HasSpoiler = in.Spoiler
		}
	case *tg.MessageMediaContact:
		out.Contact = &contact{in.PhoneNumber, in.FirstName, in.LastName, in.Vcard, in.UserID}
	case *tg.MessageMediaGeo:
		if g, ok := in.Geo.(*tg.GeoPoint); ok {
			out.Location = &location{Latitude: g.Lat, Longitude: g.Long}
		}
	case *tg.MessageMediaPoll:
		out.Poll = pollOf(in)
		out.Caption, out.CaptionEntities = "", nil
	}
}

func (b *bot) photoSizes(kind fileKind, id int64, sizes []tg.PhotoSizeClass) []photoSize {
	var out []photoSize
	for _, s := range sizes {
		if s, ok := s.(*tg.PhotoSize); ok {
			out = append(out, photoSize{b.fileObject(fileName{kind, id, s.Type}, int64(s.Size)), int(s.W), int(s.H)})
		}
	}
	return out
}

// addDocument fills in a document by what it is used as.
func (b *bot) addDocument(out *message, d *tg.Document) {
	kind := kindDocument
	m := &media{MIMEType: d.MIMEType}
	for _, a := range d.Attributes {
		switch a := a.(type) {
		case *tg.DocumentAttributeFilename:
			m.FileName = a.FileName
		case *tg.DocumentAttributeAnimated:
			kind = kindAnimation
		case *tg.DocumentAttributeVideo:
			seconds := int(a.Duration)
			m.Duration, m.Width, m.Height = &seconds, int(a.W), int(a.H)
			switch {
			case a.RoundMessage:
				kind, m.Side, m.Width, m.Height = kindNote, int(a.W), 0, 0
			case kind == kindDocument:
				kind = kindVideo
			}
		case *tg.DocumentAttributeAudio:
			seconds := int(a.Duration)
			m.Duration, m.Title, m.Performer = &seconds, a.Title.Or(""), a.Performer.Or("")
			if kind = kindAudio; a.Voice {
				kind = kindVoice
			}
		}
	}
	if thumbs := b.photoSizes(kindThumbnail, d.ID, d.Thumbs); len(thumbs) > 0 && kind != kindVoice {
		m.Thumbnail = &thumbs[len(thumbs)-1]
		m.Thumb = m.Thumbnail
	}
	m.file = b.fileObject(fileName{kind, d.ID, ""}, d.Size)
	switch kind {
	case kindAnimation:
		plain := *m
		plain.Duration, plain.Width, plain.Height = nil, 0, 0
		out.Animation, out.Document = m, &plain
	case kindVideo:
		out.Video = m
	case kindNote:
		m.FileName, m.MIMEType = "", ""
		out.VideoNote = m
	case kindAudio:
		out.Audio = m
	case kindVoice:
		m.FileName = ""
		out.Voice = m
	default:
		out.Document = m
	}
}

func pollOf(in *tg.MessageMediaPoll) *pollObject {
	out := &pollObject{
		ID: strconv.FormatInt(in.Poll.ID, 10), Question: in.Poll.Question.Text, TotalVoters: in.Results.TotalVoters.Or(0),
		IsClosed: in.Poll.Closed, IsAnonymous: !in.Poll.PublicVoters, Type: "regular", MultipleAnswers: in.Poll.MultipleChoice,
	}
	if in.Poll.Quiz {
		out.Type = "quiz"
	}
	for _, a := range in.Poll.Answers {
		if a, ok := a.(*tg.PollAnswer); ok {
			one := pollOption{Text: a.Text.Text}
			for _, r := range in.Results.Results {
				if string(r.Option) == string(a.Option) {
					one.Voters = r.Voters.Or(0)
				}
			}
			out.Options = append(out.Options, one)
		}
	}
	return out
}

// maxDownload is the size of files that can be downloaded
// (https://core.telegram.org/bots/api#getfile).
const maxDownload = 20 << 20

// stored returns the content of a file.
func (b *bot) stored(n fileName) (*sandbox.StoredFile, bool) {
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	if client == nil {
		return nil, false
	}
	return client.File(n.id, n.picture)
}

// getFile serves getFile: what it returns a path of can be downloaded for as
// long as the server lasts.
func getFile(q *request) (any, error) {
	id := q.args["file_id"]
	if id == "" {
		return nil, bad("file_id not specified")
	}
	n, err := q.b.fileOf(id)
	if err != nil {
		return nil, bad("invalid file_id")
	}
	f, ok := q.b.stored(n)
	switch {
	case !ok:
		return nil, bad("wrong file_id or the file is temporarily unavailable")
	case f.Size > maxDownload:
		return nil, bad("file is too big")
	}
	out := q.b.fileObject(n, f.Size)
	out.FilePath = q.b.pathOf(n, f)
	return out, nil
}

// pathOf gives a file a place to be downloaded from.
func (b *bot) pathOf(n fileName, f *sandbox.StoredFile) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for where, other := range b.paths {
		if other == n {
			return where
		}
	}
	extension := path.Ext(f.Name)
	switch {
	case extension != "":
	case f.MIMEType == "image/jpeg":
		extension = ".jpg"
	case n.kind == kindVoice:
		extension = ".oga"
	case n.kind == kindNote || n.kind == kindVideo || n.kind == kindAnimation:
		extension = ".mp4"
	}
	where := fmt.Sprintf("%s/file_%d%s", folders[n.kind], len(b.paths), extension)
	b.paths[where] = n
	return where
}

// download serves /file/bot<token>/<path>.
func (s *Server) download(w http.ResponseWriter, r *http.Request, rest string) {
	token, where, _ := strings.Cut(rest, "/")
	b, err := s.bot(token)
	if err != nil {
		s.reply(w, nil, err)
		return
	}
	b.mu.Lock()
	n, known := b.paths[where]
	b.mu.Unlock()
	f, ok := b.stored(n)
	if !known || !ok {
		s.reply(w, nil, errNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", s.sandbox.Now(), io.NewSectionReader(f.Content, 0, f.Size))
}
