package interop

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/gotd/td/telegram/uploader"
	gotd "github.com/gotd/td/tg"

	"godwit/telegram"
)

// Poll implements organizer.
func (p *gotdPerson) Poll(ctx context.Context, phone, question string, answers []string) (int, error) {
	poll := gotd.Poll{Question: gotd.TextWithEntities{Text: question}}
	for _, a := range answers {
		poll.Answers = append(poll.Answers, &gotd.InputPollAnswer{Text: gotd.TextWithEntities{Text: a}})
	}
	random := rand.Int64()
	answer, err := p.api.MessagesSendMedia(ctx, &gotd.MessagesSendMediaRequest{
		Peer: p.contacts[phone], Media: &gotd.InputMediaPoll{Poll: poll}, RandomID: random,
	})
	if err != nil {
		return 0, err
	}
	return idAmong(answer, random)
}

// idAmong returns the id that a message with a random id has got.
func idAmong(answer gotd.UpdatesClass, random int64) (int, error) {
	if u, ok := answer.(*gotd.Updates); ok {
		for _, one := range u.Updates {
			if id, ok := one.(*gotd.UpdateMessageID); ok && id.RandomID == random {
				return id.ID, nil
			}
		}
	}
	return 0, fmt.Errorf("the message is not among %T", answer)
}

// message returns one of the chat with a contact.
func (p *gotdPerson) message(ctx context.Context, id int) (*gotd.Message, error) {
	answer, err := p.api.MessagesGetMessages(ctx, []gotd.InputMessageClass{&gotd.InputMessageID{ID: id}})
	if err != nil {
		return nil, err
	}
	list, ok := answer.AsModified()
	if !ok || len(list.GetMessages()) != 1 {
		return nil, fmt.Errorf("messages.getMessages answered %T", answer)
	}
	m, ok := list.GetMessages()[0].(*gotd.Message)
	if !ok {
		return nil, fmt.Errorf("message %d is a %T", id, list.GetMessages()[0])
	}
	return m, nil
}

func (p *gotdPerson) poll(ctx context.Context, id int) (*gotd.MessageMediaPoll, error) {
	m, err := p.message(ctx, id)
	if err != nil {
		return nil, err
	}
	poll, ok := m.Media.(*gotd.MessageMediaPoll)
	if !ok {
		return nil, fmt.Errorf("message %d carries a %T", id, m.Media)
	}
	return poll, nil
}

// Vote implements organizer.
func (p *gotdPerson) Vote(ctx context.Context, phone string, id, answer int) error {
	poll, err := p.poll(ctx, id)
	if err != nil {
		return err
	}
	_, err = p.api.MessagesSendVote(ctx, &gotd.MessagesSendVoteRequest{
		Peer: p.contacts[phone], MsgID: id, Options: [][]byte{poll.Poll.Answers[answer].(*gotd.PollAnswer).Option},
	})
	return err
}

// Votes implements organizer.
func (p *gotdPerson) Votes(ctx context.Context, _ string, id int) (votes []int, err error) {
	poll, err := p.poll(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, r := range poll.Results.Results {
		votes = append(votes, r.Voters)
	}
	return votes, nil
}

// Pin implements organizer.
func (p *gotdPerson) Pin(ctx context.Context, phone string, id int) error {
	_, err := p.api.MessagesUpdatePinnedMessage(ctx, &gotd.MessagesUpdatePinnedMessageRequest{Silent: true, Peer: p.contacts[phone], ID: id})
	return err
}

// Pinned implements organizer.
func (p *gotdPerson) Pinned(ctx context.Context, phone string) (ids []int, err error) {
	answer, err := p.api.MessagesSearch(ctx, &gotd.MessagesSearchRequest{
		Peer: p.contacts[phone], Filter: &gotd.InputMessagesFilterPinned{}, Limit: 10,
	})
	if err != nil {
		return nil, err
	}
	list, _ := answer.AsModified()
	for _, m := range list.GetMessages() {
		ids = append(ids, m.GetID())
	}
	return ids, nil
}

// SaveDraft implements organizer.
func (p *gotdPerson) SaveDraft(ctx context.Context, phone, text string) error {
	_, err := p.api.MessagesSaveDraft(ctx, &gotd.MessagesSaveDraftRequest{Peer: p.contacts[phone], Message: text})
	return err
}

// Draft implements organizer.
func (p *gotdPerson) Draft(ctx context.Context, _ string) (string, error) {
	answer, err := p.api.MessagesGetAllDrafts(ctx)
	if err != nil {
		return "", err
	}
	if u, ok := answer.(*gotd.Updates); ok {
		for _, one := range u.Updates {
			if d, ok := one.(*gotd.UpdateDraftMessage); ok {
				if d, ok := d.Draft.(*gotd.DraftMessage); ok {
					return d.Message, nil
				}
			}
		}
	}
	return "", fmt.Errorf("no draft among %T", answer)
}

// SendAlbum implements organizer.
func (p *gotdPerson) SendAlbum(ctx context.Context, phone string, paths []string) error {
	request := &gotd.MessagesSendMultiMediaRequest{Peer: p.contacts[phone]}
	for _, path := range paths {
		file, err := uploader.NewUploader(p.api).FromPath(ctx, path)
		if err != nil {
			return err
		}
		made, err := p.api.MessagesUploadMedia(ctx, &gotd.MessagesUploadMediaRequest{
			Peer: p.contacts[phone], Media: &gotd.InputMediaUploadedPhoto{File: file},
		})
		if err != nil {
			return err
		}
		photo, ok := made.(*gotd.MessageMediaPhoto)
		if !ok {
			return fmt.Errorf("messages.uploadMedia answered %T", made)
		}
		request.MultiMedia = append(request.MultiMedia, gotd.InputSingleMedia{
			Media: &gotd.InputMediaPhoto{ID: photo.Photo.(*gotd.Photo).AsInput()}, RandomID: rand.Int64(),
		})
	}
	_, err := p.api.MessagesSendMultiMedia(ctx, request)
	return err
}

// Album implements organizer.
func (p *gotdPerson) Album(ctx context.Context, phone string) (int, error) {
	answer, err := p.api.MessagesGetHistory(ctx, &gotd.MessagesGetHistoryRequest{Peer: p.contacts[phone], Limit: 10})
	if err != nil {
		return 0, err
	}
	list, _ := answer.AsModified()
	n, group := 0, int64(0)
	for i, m := range list.GetMessages() {
		of := int64(0)
		if m, ok := m.(*gotd.Message); ok {
			of, _ = m.GetGroupedID()
		}
		if i == 0 {
			group = of
		}
		if of != 0 && of == group {
			n++
		}
	}
	return n, nil
}

// Forum implements organizer.
func (p *gotdPerson) Forum(ctx context.Context, link, title, text string) (titles []string, err error) {
	r, err := telegram.ParseReference(link)
	if err != nil {
		return nil, err
	}
	answer, err := p.api.MessagesImportChatInvite(ctx, r.Invite)
	if err != nil {
		return nil, err
	}
	updates, ok := answer.(*gotd.MessagesChatInviteJoinResultOk).Updates.(*gotd.Updates)
	if !ok || len(updates.Chats) == 0 {
		return nil, fmt.Errorf("messages.importChatInvite answered %T", answer)
	}
	peer := updates.Chats[0].(*gotd.Channel).AsInputPeer()
	random := rand.Int64()
	made, err := p.api.MessagesCreateForumTopic(ctx, &gotd.MessagesCreateForumTopicRequest{Peer: peer, Title: title, RandomID: random})
	if err != nil {
		return nil, err
	}
	id, err := idAmong(made, random)
	if err != nil {
		return nil, err
	}
	reply := &gotd.InputReplyToMessage{ReplyToMsgID: id}
	reply.SetTopMsgID(id)
	send := &gotd.MessagesSendMessageRequest{Peer: peer, Message: text, RandomID: rand.Int64()}
	send.SetReplyTo(reply)
	if _, err := p.api.MessagesSendMessage(ctx, send); err != nil {
		return nil, err
	}
	topics, err := p.api.MessagesGetForumTopics(ctx, &gotd.MessagesGetForumTopicsRequest{Peer: peer, Limit: 10})
	if err != nil {
		return nil, err
	}
	for _, one := range topics.Topics {
		if t, ok := one.(*gotd.ForumTopic); ok {
			titles = append(titles, t.Title)
		}
	}
	return titles, nil
}

// Comment implements organizer.
func (p *gotdPerson) Comment(ctx context.Context, channel, text string) error {
	found, err := p.api.ContactsResolveUsername(ctx, &gotd.ContactsResolveUsernameRequest{Username: channel})
	if err != nil {
		return err
	}
	peer := found.Chats[0].(*gotd.Channel).AsInputPeer()
	answer, err := p.api.MessagesGetHistory(ctx, &gotd.MessagesGetHistoryRequest{Peer: peer, Limit: 1})
	if err != nil {
		return err
	}
	list, _ := answer.AsModified()
	d, err := p.api.MessagesGetDiscussionMessage(ctx, &gotd.MessagesGetDiscussionMessageRequest{Peer: peer, MsgID: list.GetMessages()[0].GetID()})
	if err != nil {
		return err
	}
	first := d.Messages[0].(*gotd.Message)
	for _, c := range d.Chats {
		c, ok := c.(*gotd.Channel)
		if ok && c.ID == first.PeerID.(*gotd.PeerChannel).ChannelID {
			send := &gotd.MessagesSendMessageRequest{Peer: c.AsInputPeer(), Message: text, RandomID: rand.Int64()}
			send.SetReplyTo(&gotd.InputReplyToMessage{ReplyToMsgID: first.ID})
			_, err := p.api.MessagesSendMessage(ctx, send)
			return err
		}
	}
	return fmt.Errorf("the group of the discussion is not among %d chats", len(d.Chats))
}
