package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// An Origin finds photos and documents again, with new references, where they
// were found before (R-FI-15). What it returns are *tg.Photo and *tg.Document;
// others are passed over.
type Origin func(ctx context.Context, t Telegram) ([]tl.Object, error)

// FromMessage finds what a message carries.
func FromMessage(peer tg.InputPeerClass, id int) Origin {
	return func(ctx context.Context, t Telegram) ([]tl.Object, error) {
		list := []tg.InputMessageClass{&tg.InputMessageID{ID: int32(id)}}
		var answer tg.MessagesMessagesClass
		var err error
		if channel, ok := peer.(*tg.InputPeerChannel); ok {
			answer, err = tg.Call(ctx, t, &tg.ChannelsGetMessages{
				Channel: &tg.InputChannel{ChannelID: channel.ChannelID, AccessHash: channel.AccessHash}, ID: list,
			})
		} else {
			answer, err = tg.Call(ctx, t, &tg.MessagesGetMessages{ID: list})
		}
		if err != nil {
			return nil, err
		}
		var found []tl.Object
		for _, m := range messagesOf(answer) {
			found = append(found, carriedBy(m)...)
		}
		return found, nil
	}
}

// FromProfile finds the profile photos of a user.
func FromProfile(user tg.InputUserClass) Origin {
	return func(ctx context.Context, t Telegram) ([]tl.Object, error) {
		answer, err := tg.Call(ctx, t, &tg.PhotosGetUserPhotos{UserID: user, Limit: 100})
		if err != nil {
			return nil, err
		}
		var photos []tg.PhotoClass
		switch answer := answer.(type) {
		case *tg.PhotosPhotos:
			photos = answer.Photos
		case *tg.PhotosPhotosSlice:
			photos = answer.Photos
		}
		var found []tl.Object
		for _, p := range photos {
			found = append(found, p)
		}
		return found, nil
	}
}

func messagesOf(answer tg.MessagesMessagesClass) []tg.MessageClass {
	switch answer := answer.(type) {
	case *tg.MessagesMessages:
		return answer.Messages
	case *tg.MessagesMessagesSlice:
		return answer.Messages
	case *tg.MessagesChannelMessages:
		return answer.Messages
	}
	return nil
}

// carriedBy returns the photos and documents that a message holds.
func carriedBy(m tg.MessageClass) []tl.Object {
	switch m := m.(type) {
	case *tg.Message:
		switch media := m.Media.(type) {
		case *tg.MessageMediaDocument:
			return []tl.Object{media.Document}
		case *tg.MessageMediaPhoto:
			return []tl.Object{media.Photo}
		case *tg.MessageMediaWebPage:
			if page, ok := media.Webpage.(*tg.WebPage); ok {
				return []tl.Object{page.Document, page.Photo}
			}
		}
	case *tg.MessageService:
		if action, ok := m.Action.(*tg.MessageActionChatEditPhoto); ok {
			return []tl.Object{action.Photo}
		}
	}
	return nil
}

// A ReferenceError says that a file cannot be named to Telegram any more: its
// reference has ended, and it is not where it was found.
type ReferenceError struct {
	Name string
	Err  error // what Telegram said of the reference, and why there is no other
}

func (e *ReferenceError) Error() string {
	return "files: " + e.Name + " cannot be fetched any more: " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ReferenceError) Unwrap() error { return e.Err }

// isStale reports whether an error is about a file reference, whatever its
// exact name (R-FI-15).
func isStale(err error) bool {
	var rpc *mtproto.RPCError
	return errors.As(err, &rpc) && rpc.Code == 400 && strings.HasPrefix(rpc.Type, "FILE_REFERENCE_")
}

// renew finds a new reference in place of one that Telegram does not take any
// more, which is stale. Several that find it stale ask once.
func (r *Remote) renew(ctx context.Context, t Telegram, stale []byte, because error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !bytes.Equal(r.reference, stale) {
		return nil
	}
	failures := []error{because}
	for i := len(r.origins) - 1; i >= 0; i-- {
		found, err := r.origins[i](ctx, t)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, o := range found {
			reference := referenceIn(o, r.id)
			if reference != nil && !bytes.Equal(reference, stale) {
				r.reference = reference
				return nil
			}
		}
		failures = append(failures, fmt.Errorf("it is not there any more"))
	}
	return &ReferenceError{r.Name, errors.Join(failures...)}
}

// referenceIn returns the reference of the photo or document with an id, nil
// if o is another.
func referenceIn(o tl.Object, id int64) []byte {
	switch o := o.(type) {
	case *tg.Document:
		if o != nil && o.ID == id {
			return o.FileReference
		}
	case *tg.Photo:
		if o != nil && o.ID == id {
			return o.FileReference
		}
	}
	return nil
}
