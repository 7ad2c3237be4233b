package sandbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
	"time"

	"godwit/tg"
)

// noise returns bytes that are the same in every run.
func noise(n int) []byte {
	p := make([]byte, n)
	(&counter{state: uint64(n)}).Read(p)
	return p
}

// upload saves a file in parts, and returns what names it.
func (d *device) upload(id int64, p []byte, part int) tg.InputFileClass {
	d.l.t.Helper()
	total := (len(p) + part - 1) / part
	for i := total - 1; i >= 0; i-- { // R-FI-06: in any order
		chunk := p[i*part : min(len(p), (i+1)*part)]
		if len(p) > maxSmall {
			must(d, &tg.UploadSaveBigFilePart{FileID: id, FilePart: int32(i), FileTotalParts: int32(total), Bytes: chunk})
		} else {
			must(d, &tg.UploadSaveFilePart{FileID: id, FilePart: int32(i), Bytes: chunk})
		}
	}
	if len(p) > maxSmall {
		return &tg.InputFileBig{ID: id, Parts: int32(total), Name: "big.bin"}
	}
	sum := md5.Sum(p)
	return &tg.InputFile{ID: id, Parts: int32(total), Name: "small.bin", MD5Checksum: hex.EncodeToString(sum[:])}
}

// document makes a document of the content and returns it as d sees it.
func (d *device) document(id int64, p []byte) *tg.Document {
	d.l.t.Helper()
	m := must(d, &tg.MessagesUploadMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedDocument{
		File: d.upload(id, p, 128<<10), MIMEType: "application/octet-stream",
	}})
	return m.(*tg.MessageMediaDocument).Document.(*tg.Document)
}

func location(d *tg.Document) *tg.InputDocumentFileLocation {
	return &tg.InputDocumentFileLocation{ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference}
}

// fetch downloads a file.
func (d *device) fetch(at tg.InputFileLocationClass) []byte {
	d.l.t.Helper()
	var all []byte
	for {
		got := must(d, &tg.UploadGetFile{Location: at, Offset: int64(len(all)), Limit: maxRange}).(*tg.UploadFile)
		all = append(all, got.Bytes...)
		if len(got.Bytes) < maxRange { // R-FI-12
			return all
		}
	}
}

// R-FI-01, R-FI-02, R-FI-04, R-FI-06, R-FI-10, R-FI-14: what is uploaded in
// parts, small or big, in memory or on disk, comes back the same.
func TestFileRoundTrip(t *testing.T) {
	for _, memory := range []int64{64 << 20, 1} {
		l := newLab(t)
		l.world.blobs.room = memory
		l.world.blobs.dir = t.TempDir()
		alice := l.person(alicePhone, "Alice")
		for i, size := range []int{1, 1023, 128 << 10, maxSmall, maxSmall + 1, 3<<20 + 12345} {
			want := noise(size)
			doc := alice.document(int64(i+1), want)
			if doc.Size != int64(size) {
				t.Errorf("size %d of a document of %d bytes", doc.Size, size)
			}
			if got := alice.fetch(location(doc)); !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back as %d other ones", size, len(got))
			}
			past := must(alice, &tg.UploadGetFile{Location: location(doc), Offset: 64 << 20, Limit: 4096}).(*tg.UploadFile)
			if len(past.Bytes) != 0 {
				t.Errorf("%d bytes beyond the end", len(past.Bytes))
			}
		}
	}
}

// R-FI-02, R-FI-03, R-FI-05, R-FI-07: parts that cannot be are refused.
func TestPartsRefused(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	small := func(part, size int) *tg.UploadSaveFilePart {
		return &tg.UploadSaveFilePart{FileID: 1, FilePart: int32(part), Bytes: make([]byte, size)}
	}
	big := func(part, total, size int) *tg.UploadSaveBigFilePart {
		return &tg.UploadSaveBigFilePart{FileID: 2, FilePart: int32(part), FileTotalParts: int32(total), Bytes: make([]byte, size)}
	}
	fails(d, small(0, 0), 400, "FILE_PART_EMPTY")
	fails(d, small(-1, 1), 400, "FILE_PART_INVALID")
	fails(d, small(0, maxPart+1), 400, "FILE_PART_TOO_BIG")
	fails(d, big(0, 0, 1024), 400, "FILE_PARTS_INVALID")
	fails(d, big(0, maxParts+1, 1024), 400, "FILE_PARTS_INVALID")
	fails(d, big(3, 3, 1024), 400, "FILE_PART_INVALID")
	fails(d, big(0, 3, 1025), 400, "FILE_PART_SIZE_INVALID")
	fails(d, big(0, 3, 3*1024), 400, "FILE_PART_SIZE_INVALID")
	must(d, big(0, 3, 2048))
	fails(d, big(1, 3, 1024), 400, "FILE_PART_SIZE_CHANGED")
	fails(d, big(1, 4, 2048), 400, "FILE_PARTS_INVALID")
	must(d, big(2, 3, 2048))
	if err := l.SetPremium(alicePhone, true); err != nil {
		t.Fatal(err)
	}
	must(d, &tg.UploadSaveBigFilePart{FileID: 3, FilePart: maxParts, FileTotalParts: maxPartsPaying, Bytes: make([]byte, 1024)})

	send := func(in tg.InputFileClass) *tg.MessagesUploadMedia {
		return &tg.MessagesUploadMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedDocument{File: in}}
	}
	fails(d, send(&tg.InputFileBig{ID: 2, Parts: 3}), 400, "FILE_PART_1_MISSING")
	must(d, big(1, 3, 2048))
	fails(d, send(&tg.InputFileBig{ID: 2, Parts: 2}), 400, "FILE_PARTS_INVALID")
	fails(d, send(&tg.InputFile{ID: 2, Parts: 3}), 400, "FILE_PARTS_INVALID")
	must(d, send(&tg.InputFileBig{ID: 2, Parts: 3}))
	fails(d, send(&tg.InputFile{ID: 77, Parts: 1}), 400, "FILE_PART_0_MISSING")
	must(d, small(0, 1024))
	fails(d, send(&tg.InputFile{ID: 1, Parts: 1, MD5Checksum: "00"}), 400, "MD5_CHECKSUM_INVALID")
	must(d, small(1, 2048))
	fails(d, send(&tg.InputFile{ID: 1, Parts: 2}), 400, "FILE_PART_LENGTH_INVALID")

	// R-FI-05: of unknown size, with an empty last part.
	for i := range 3 {
		must(d, &tg.UploadSaveBigFilePart{FileID: 4, FilePart: int32(i), FileTotalParts: -1, Bytes: noise(1024)})
	}
	fails(d, &tg.UploadSaveBigFilePart{FileID: 4, FilePart: 3, FileTotalParts: -1}, 400, "FILE_PART_EMPTY")
	must(d, &tg.UploadSaveBigFilePart{FileID: 4, FilePart: 3, FileTotalParts: 4})
	m := must(d, send(&tg.InputFileBig{ID: 4, Parts: 4})).(*tg.MessageMediaDocument)
	if size := m.Document.(*tg.Document).Size; size != 3072 {
		t.Errorf("a stream of 3072 bytes became %d", size)
	}
}

// R-FI-06: parts are kept for some time only.
func TestPartsAreForgotten(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	in := d.upload(1, noise(5000), 1024)
	l.clock.advance(uploadTTL + time.Second)
	d.upload(2, noise(10), 1024)
	fails(d, &tg.MessagesUploadMedia{
		Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedDocument{File: in},
	}, 400, "FILE_PART_0_MISSING")
}

// R-FI-11: which ranges can be asked for.
func TestRanges(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	content := noise(2<<20 + 5)
	at := location(d.document(1, content))
	for _, test := range []struct {
		offset  int64
		limit   int32
		precise bool
		refused string
	}{
		{0, 4096, false, ""}, {4096, 4096, false, ""}, {0, 1 << 20, false, ""}, {1 << 20, 1 << 20, false, ""},
		{1024, 3072, true, ""}, {2 << 20, 1024, true, ""},
		{-4096, 4096, false, "OFFSET_INVALID"}, {1024, 4096, false, "OFFSET_INVALID"}, {1, 1024, true, "OFFSET_INVALID"},
		{0, 0, false, "LIMIT_INVALID"}, {0, 1024, false, "LIMIT_INVALID"}, {0, 12288, false, "LIMIT_INVALID"},
		{0, 2 << 20, true, "LIMIT_INVALID"}, {0, 1000, true, "LIMIT_INVALID"},
		{512 << 10, 1 << 20, false, "LIMIT_INVALID"}, {1<<20 - 1024, 2048, true, "LIMIT_INVALID"},
	} {
		q := &tg.UploadGetFile{Location: at, Offset: test.offset, Limit: test.limit, Precise: test.precise}
		if test.refused != "" {
			fails(d, q, 400, test.refused)
			continue
		}
		want := content[test.offset:min(int64(len(content)), test.offset+int64(test.limit))]
		if got := must(d, q).(*tg.UploadFile).Bytes; !bytes.Equal(got, want) {
			t.Errorf("%+v: got %d bytes, want %d", test, len(got), len(want))
		}
	}
}

// R-FI-13, R-FI-15, R-FI-16: files are where they were sent from, references
// end, and hashes tell what is in them.
func TestReferencesAndPlaces(t *testing.T) {
	l := newLab(t)
	alice, carol := l.person(alicePhone, "Alice"), l.person(carolPhone, "Carol")
	content := noise(300 << 10)
	media := &tg.InputMediaUploadedDocument{File: alice.upload(1, content, 32<<10), MIMEType: "text/plain"}
	must(alice, &tg.MessagesSendMedia{Peer: alice.meet(carolPhone), Media: media, Message: "caption", RandomID: 7})
	m := carol.updates()[0].(*tg.UpdateNewMessage).Message.(*tg.Message)
	doc := m.Media.(*tg.MessageMediaDocument).Document.(*tg.Document)
	if m.Message != "caption" || doc.DCID != 1 || doc.MIMEType != "text/plain" {
		t.Errorf("Carol got %q with %+v", m.Message, doc)
	}
	fails(carol, &tg.UploadGetFile{Location: location(doc), Limit: 4096}, 303, "FILE_MIGRATE_1")
	away := l.device(1)
	exported := must(carol, &tg.AuthExportAuthorization{DCID: 1})
	must(away, &tg.AuthImportAuthorization{ID: exported.ID, Bytes: exported.Bytes})
	if got := away.fetch(location(doc)); !bytes.Equal(got, content) {
		t.Error("Carol got something else")
	}
	for _, h := range must(away, &tg.UploadGetFileHashes{Location: location(doc), Offset: 0}) {
		sum := sha256.Sum256(content[h.Offset : h.Offset+int64(h.Limit)])
		if !bytes.Equal(sum[:], h.Hash) {
			t.Errorf("hash of the range at %d is wrong", h.Offset)
		}
	}
	other := *location(doc)
	other.FileReference = nil
	fails(away, &tg.UploadGetFile{Location: &other, Limit: 4096}, 400, "FILE_REFERENCE_EMPTY")
	other.FileReference = bytes.Repeat([]byte{1}, len(doc.FileReference))
	fails(away, &tg.UploadGetFile{Location: &other, Limit: 4096}, 400, "FILE_REFERENCE_INVALID")
	fails(alice, &tg.UploadGetFile{Location: location(doc), Limit: 4096}, 400, "LOCATION_INVALID") // Carol's hash
	l.clock.advance(defaultReferenceTTL)
	fails(away, &tg.UploadGetFile{Location: location(doc), Limit: 4096}, 400, "FILE_REFERENCE_EXPIRED")
	fails(carol, &tg.MessagesSendMultiMedia{Peer: &tg.InputPeerSelf{}, MultiMedia: []tg.InputSingleMedia{{
		RandomID: 8, Media: &tg.InputMediaDocument{ID: &tg.InputDocument{
			ID: doc.ID, AccessHash: doc.AccessHash, FileReference: doc.FileReference,
		}},
	}}}, 400, "FILE_REFERENCE_0_EXPIRED")
	fresh := must(carol, &tg.MessagesGetMessages{ID: []tg.InputMessageClass{&tg.InputMessageID{ID: m.ID}}}).(*tg.MessagesMessages)
	doc = fresh.Messages[0].(*tg.Message).Media.(*tg.MessageMediaDocument).Document.(*tg.Document)
	if got := away.fetch(location(doc)); !bytes.Equal(got, content) {
		t.Error("the new reference does not lead there")
	}
}

func testImage(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 99, A: 255})
		}
	}
	return m
}

func pngOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, testImage(width, height)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Photos are kept in sizes, as JPEG; documents that are images get a
// thumbnail.
func TestPhotos(t *testing.T) {
	l := newLab(t)
	d := l.person(alicePhone, "Alice")
	in := d.upload(1, pngOf(t, 900, 600), 32<<10)
	media := must(d, &tg.MessagesUploadMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedPhoto{File: in}})
	photo := media.(*tg.MessageMediaPhoto).Photo.(*tg.Photo)
	want := map[string]image.Point{"s": {100, 66}, "m": {320, 213}, "x": {800, 533}, "y": {900, 600}}
	if len(photo.Sizes) != len(want) {
		t.Errorf("%d sizes", len(photo.Sizes))
	}
	for _, s := range photo.Sizes {
		size := s.(*tg.PhotoSize)
		got := d.fetch(&tg.InputPhotoFileLocation{
			ID: photo.ID, AccessHash: photo.AccessHash, FileReference: photo.FileReference, ThumbSize: size.Type,
		})
		shown, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || shown.Bounds().Size() != want[size.Type] || len(got) != int(size.Size) {
			t.Errorf("size %s: %v, %d bytes, %v", size.Type, shown.Bounds(), len(got), err)
		}
	}
	fails(d, &tg.UploadGetFile{Location: &tg.InputPhotoFileLocation{
		ID: photo.ID, AccessHash: photo.AccessHash, FileReference: photo.FileReference, ThumbSize: "z",
	}, Limit: 4096}, 400, "LOCATION_INVALID")
	send := func(id int64, p []byte) *tg.MessagesUploadMedia {
		return &tg.MessagesUploadMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedPhoto{File: d.upload(id, p, 1024)}}
	}
	fails(d, send(2, noise(3000)), 400, "IMAGE_PROCESS_FAILED")
	fails(d, send(3, pngOf(t, 210, 10)), 400, "PHOTO_INVALID_DIMENSIONS")

	doc := must(d, &tg.MessagesUploadMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaUploadedDocument{File: in}})
	got := doc.(*tg.MessageMediaDocument).Document.(*tg.Document)
	if got.MIMEType != "image/png" || len(got.Thumbs) != 1 || len(got.Attributes) != 2 {
		t.Errorf("an image as a document became %+v", got)
	}

	updated := must(d, &tg.PhotosUploadProfilePhoto{File: in}).Photo.(*tg.Photo)
	self := must(d, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})[0].(*tg.User)
	shown := self.Photo.(*tg.UserProfilePhoto)
	for big, side := range map[bool]int{false: 160, true: 600} {
		p := d.fetch(&tg.InputPeerPhotoFileLocation{Big: big, Peer: &tg.InputPeerSelf{}, PhotoID: shown.PhotoID})
		if m, err := jpeg.DecodeConfig(bytes.NewReader(p)); err != nil || m.Width != side || m.Height != side {
			t.Errorf("profile photo of %dx%d, %v", m.Width, m.Height, err)
		}
	}
	list := must(d, &tg.PhotosGetUserPhotos{UserID: &tg.InputUserSelf{}, Limit: 10}).(*tg.PhotosPhotos)
	if len(list.Photos) != 1 || list.Photos[0].(*tg.Photo).ID != updated.ID {
		t.Errorf("profile photos: %+v", list.Photos)
	}
	gone := must(d, &tg.PhotosDeletePhotos{ID: []tg.InputPhotoClass{&tg.InputPhoto{
		ID: updated.ID, AccessHash: updated.AccessHash, FileReference: updated.FileReference,
	}}})
	if len(gone) != 1 {
		t.Error("the photo was not deleted")
	}
}

// Albums take what was uploaded before, of one kind, and arrive as one group.
func TestAlbums(t *testing.T) {
	l := newLab(t)
	alice, bob := l.person(alicePhone, "Alice"), l.person(bobPhone, "Bob")
	single := func(d *tg.Document) tg.InputSingleMedia {
		return tg.InputSingleMedia{RandomID: lastRandomID.Add(1), Message: "one", Media: &tg.InputMediaDocument{
			ID: &tg.InputDocument{ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference},
		}}
	}
	first, second := single(alice.document(1, noise(10))), single(alice.document(2, noise(20)))
	to := alice.meet(bobPhone)
	album := &tg.MessagesSendMultiMedia{Peer: to, MultiMedia: []tg.InputSingleMedia{first, second}}
	must(alice, album)
	must(alice, album) // R-ER-05: the same random ids are the same messages
	var groups []int64
	for _, u := range bob.updates() {
		m := u.(*tg.UpdateNewMessage).Message.(*tg.Message)
		groups = append(groups, m.GroupedID.Value)
	}
	if len(groups) != 2 || groups[0] == 0 || groups[0] != groups[1] {
		t.Errorf("groups %v", groups)
	}
	in := alice.upload(9, pngOf(t, 20, 20), 1024)
	photo := must(alice, &tg.MessagesUploadMedia{Peer: to, Media: &tg.InputMediaUploadedPhoto{File: in}}).(*tg.MessageMediaPhoto).Photo.(*tg.Photo)
	mixed := tg.InputSingleMedia{RandomID: lastRandomID.Add(1), Media: &tg.InputMediaPhoto{ID: &tg.InputPhoto{
		ID: photo.ID, AccessHash: photo.AccessHash, FileReference: photo.FileReference,
	}}}
	send := func(list ...tg.InputSingleMedia) *tg.MessagesSendMultiMedia {
		return &tg.MessagesSendMultiMedia{Peer: to, MultiMedia: list}
	}
	fails(alice, send(first, mixed), 400, "MEDIA_GROUPED_INVALID")
	fails(alice, send(), 400, "MEDIA_EMPTY")
	fails(alice, send(slices.Repeat([]tg.InputSingleMedia{first}, maxAlbum+1)...), 400, "MULTI_MEDIA_TOO_LONG")
	fails(alice, send(tg.InputSingleMedia{RandomID: 1, Media: &tg.InputMediaUploadedPhoto{File: in}}), 400, "MEDIA_INVALID")
	fails(alice, &tg.MessagesSendMedia{
		Peer: to, Media: mixed.Media, RandomID: 99, Message: string(bytes.Repeat([]byte("x"), maxCaption+1)),
	}, 400, "MEDIA_CAPTION_TOO_LONG")
}

// R-FI-20..R-FI-27, R-SV-12: the CDN serves encrypted parts of what it has
// been given, and nothing else.
func TestCDN(t *testing.T) {
	l := newLabWith(t, Options{CDN: true})
	alice := l.person(alicePhone, "Alice")
	content := noise(700 << 10)
	at := location(alice.document(1, content))
	redirect := must(alice, &tg.UploadGetFile{
		CDNSupported: true, Location: at, Limit: 128 << 10,
	}).(*tg.UploadFileCDNRedirect)
	if len(redirect.EncryptionKey) != 32 || len(redirect.EncryptionIV) != 16 || redirect.DCID != cdnDC {
		t.Fatalf("redirect %+v", redirect)
	}
	config := must(alice, &tg.HelpGetCDNConfig{})
	if len(config.PublicKeys) != 1 || config.PublicKeys[0].DCID != cdnDC ||
		config.PublicKeys[0].PublicKey == l.options.PrivateKey.Public().PEM() {
		t.Errorf("CDN config %+v", config)
	}
	l.keys++
	cdn := &device{l: l, dc: l.cdnServer.dc, key: 1000, layer: tg.Layer}
	fails(cdn, &tg.HelpGetConfig{}, 400, "CDN_METHOD_INVALID")
	get := &tg.UploadGetCDNFile{FileToken: redirect.FileToken, Offset: 128 << 10, Limit: 128 << 10}
	fails(alice, get, 400, "CDN_METHOD_INVALID")
	needed := must(cdn, get).(*tg.UploadCDNFileReuploadNeeded)
	fails(alice, &tg.UploadReuploadCDNFile{FileToken: redirect.FileToken}, 400, "REQUEST_TOKEN_INVALID")
	fails(alice, &tg.UploadReuploadCDNFile{RequestToken: needed.RequestToken}, 400, "FILE_TOKEN_INVALID")
	must(alice, &tg.UploadReuploadCDNFile{FileToken: redirect.FileToken, RequestToken: needed.RequestToken})
	got := must(cdn, get).(*tg.UploadCDNFile).Bytes

	block, err := aes.NewCipher(redirect.EncryptionKey)
	if err != nil {
		t.Fatal(err)
	}
	iv := bytes.Clone(redirect.EncryptionIV)
	binary.BigEndian.PutUint32(iv[12:], uint32(get.Offset/16)) // R-FI-25
	cipher.NewCTR(block, iv).XORKeyStream(got, got)
	if !bytes.Equal(got, content[128<<10:256<<10]) {
		t.Error("the CDN serves something else")
	}
	hashes := must(alice, &tg.UploadGetCDNFileHashes{FileToken: redirect.FileToken, Offset: get.Offset})
	if sum := sha256.Sum256(got); !bytes.Equal(hashes[0].Hash, sum[:]) { // R-FI-26: of what is decrypted
		t.Error("the hash is of something else")
	}
	fails(cdn, &tg.UploadGetCDNFile{FileToken: redirect.FileToken, Offset: 1024, Limit: 4096}, 400, "OFFSET_INVALID")
	l.ForgetCDN(true)
	fails(cdn, get, 400, "FILE_TOKEN_INVALID")
}
