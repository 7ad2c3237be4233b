package files_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"image/jpeg"
	"testing"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/files"
	"godwit/telegram/groups"
	"godwit/tg"
)

// R-PF-01, R-PF-07: files travel under temporary keys too, of the account's own data
// centre and of others.
func TestTemporaryKeys(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	var log bytes.Buffer
	store := new(telegram.MemoryStore)
	p.client.KeyLog, p.client.Store = &log, store
	ann := p.person(annPhone, files.Options{})
	p.client.KeyLog, p.client.Store = nil, nil
	boris := p.person(borisPhone, files.Options{})
	want := noise(3 << 20)
	_, err := boris.Send(p.ctx, boris.peer(annPhone), files.Document{Source: sourceOf("x", want)}, telegram.Outgoing{})
	check(t, err)
	before := len(bytes.Fields(log.Bytes()))
	if !bytes.Equal(ann.fetched(ann.received(borisPhone)), want) { // from the other data centre
		t.Error("something else has arrived")
	}
	check(t, ann.Close())
	credentials, err := store.Load()
	check(t, err)
	lines := bytes.Fields(log.Bytes())
	if len(credentials.Keys) != 2 || len(lines) == before {
		t.Errorf("%d permanent keys are stored, and %d were used", len(credentials.Keys), len(lines))
	}
	for _, line := range lines {
		key, err := hex.DecodeString(string(line))
		check(t, err)
		for dc, stored := range credentials.Keys {
			if bytes.Equal(key, stored.Key.Bytes()) {
				t.Errorf("the permanent key of DC %d was used", dc)
			}
		}
	}
}

// R-FI-14: the photo of a group is set, fetched by those who are in, and taken
// away; one that was sent before can be it too.
func TestChatPhotos(t *testing.T) {
	p := newPlace(t, sandbox.Options{})
	ann, boris := p.person(annPhone, files.Options{}), p.person(borisPhone, files.Options{})
	to := ann.peer(borisPhone)
	made, err := groups.Create(p.ctx, ann.Client, groups.New{
		Kind: groups.Basic, Title: "Team", Users: []tg.InputUserClass{telegram.InputUserOf(to)},
	})
	check(t, err)
	club, err := groups.Create(p.ctx, ann.Client, groups.New{Title: "Club"})
	check(t, err)
	sent, err := ann.Send(p.ctx, to, files.Photo{Source: sourceOf("nest.png", pngOf(t, 700, 500))}, telegram.Outgoing{})
	check(t, err)
	old := sent.Media.(*tg.MessageMediaPhoto).Photo.(*tg.Photo)
	for _, peer := range []tg.InputPeerClass{made.Peer, club.Peer} {
		if info, err := groups.Describe(p.ctx, ann.Client, peer); err != nil || info.Photo != nil {
			t.Errorf("before: %+v, %v", info.Photo, err)
		}
		if err := groups.SetPhoto(p.ctx, ann.Client, peer, nil); !errors.Is(err, tg.ErrChatNotModified) {
			t.Errorf("taking away what is not there: %v", err)
		}
		u, err := ann.Upload(p.ctx, sourceOf("us.png", pngOf(t, 300, 200)), files.Transfer{})
		check(t, err)
		check(t, groups.SetPhoto(p.ctx, ann.Client, peer, &tg.InputChatUploadedPhoto{File: u.Input()}))
		check(t, u.Done())
		if width := ann.chatPhoto(peer); width != 200 {
			t.Errorf("the photo is %d wide", width)
		}
		info, err := groups.Describe(p.ctx, ann.Client, peer)
		check(t, err)
		whole, err := files.OfPhoto(info.Photo)
		check(t, err)
		if m, err := jpeg.DecodeConfig(bytes.NewReader(ann.fetched(whole))); err != nil || m.Width != 200 {
			t.Errorf("the whole photo: %v, %v", m, err)
		}
		check(t, groups.SetPhoto(p.ctx, ann.Client, peer, &tg.InputChatPhoto{ID: &tg.InputPhoto{
			ID: old.ID, AccessHash: old.AccessHash, FileReference: old.FileReference,
		}}))
		if width := ann.chatPhoto(peer); width != 500 {
			t.Errorf("the photo that was sent before is %d wide", width)
		}
		check(t, groups.SetPhoto(p.ctx, ann.Client, peer, nil))
		if width := ann.chatPhoto(peer); width != 0 {
			t.Errorf("the photo that was taken away is %d wide", width)
		}
	}
	u, err := ann.Upload(p.ctx, sourceOf("us.png", pngOf(t, 300, 200)), files.Transfer{})
	check(t, err)
	check(t, groups.SetPhoto(p.ctx, ann.Client, made.Peer, &tg.InputChatUploadedPhoto{File: u.Input()}))
	check(t, u.Done())
	if width := boris.chatPhoto(made.Peer); width != 200 { // from another data centre
		t.Errorf("for Boris the photo is %d wide", width)
	}
	u, err = ann.Upload(p.ctx, sourceOf("x.txt", noise(100)), files.Transfer{})
	check(t, err)
	if err := groups.SetPhoto(p.ctx, ann.Client, made.Peer, &tg.InputChatUploadedPhoto{File: u.Input()}); !errors.Is(err, tg.ErrImageProcessFailed) {
		t.Errorf("a photo that is none: %v", err)
	}
	check(t, u.Close())
}

// chatPhoto returns how wide the photo of a group is, 0 without one.
func (n *person) chatPhoto(peer tg.InputPeerClass) int {
	n.p.t.Helper()
	var chats tg.MessagesChatsClass
	var err error
	if in := telegram.InputChannelOf(peer); in != nil {
		chats, err = tg.Call(n.p.ctx, n.Client, &tg.ChannelsGetChannels{ID: []tg.InputChannelClass{in}})
	} else {
		chats, err = tg.Call(n.p.ctx, n.Client, &tg.MessagesGetChats{ID: []int64{peer.(*tg.InputPeerChat).ChatID}})
	}
	check(n.p.t, err)
	r, err := files.OfChat(chats.(*tg.MessagesChats).Chats[0], true)
	if errors.Is(err, files.ErrNoFile) {
		return 0
	}
	check(n.p.t, err)
	m, err := jpeg.DecodeConfig(bytes.NewReader(n.fetched(r)))
	check(n.p.t, err)
	return m.Width
}
