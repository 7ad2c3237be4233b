package interop

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/mymmrac/telego"
	tu "github.com/mymmrac/telego/telegoutil"

	"godwit/sandbox/botapi"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

// TestBotOrganizes has a bot that uses telego send a poll, an album and messages
// that it pins, and run the topics and the photo of a forum, with a person of our
// client.
func TestBotOrganizes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sb, conn := startSandbox(t)
	const token = "1000000001:AAgodwit-interop-bot-token-xxxxxxxx"
	_, err := sb.AddBot(token, "Robot", "robot_bot")
	v := &visit{t: t, ctx: ctx}
	v.check(err)
	v.api = botapi.New(sb, botapi.Options{})
	url, err := v.api.Start("127.0.0.1:0")
	v.check(err)
	t.Cleanup(func() {
		if err := v.api.Close(); err != nil {
			t.Error(err)
		}
	})
	v.robot = startTelego(ctx, t, url, token, nil)
	v.meet(sb, conn)
	v.say(v.peer, "/start")
	v.next("message", "/start")
	bot, me := v.robot.(*telegoRobot).bot, tu.ID(v.annID)
	const row = "telego with godwit"

	poll, err := bot.SendPoll(ctx, tu.Poll(me, "Which bird?", tu.PollOption("Tern"), tu.PollOption("Godwit")))
	v.check(err)
	got := v.newest(1)[0]
	answers := got.Media.(*tg.MessageMediaPoll).Poll.Answers
	ask(v, &tg.MessagesSendVote{Peer: v.peer, MsgID: got.ID, Options: [][]byte{answers[1].(*tg.PollAnswer).Option}})
	ended, err := bot.StopPoll(ctx, &telego.StopPollParams{ChatID: me, MessageID: poll.MessageID})
	v.check(err)
	if !ended.IsClosed || ended.Options[1].VoterCount != 1 {
		t.Errorf("the poll ended as %+v", ended)
	}
	covered.add(t, row, "polls")

	v.check(bot.PinChatMessage(ctx, &telego.PinChatMessageParams{ChatID: me, MessageID: poll.MessageID}))
	pinned := 0
	for m, err := range v.ann.client.Search(ctx, v.peer, telegram.Search{Kind: &tg.InputMessagesFilterPinned{}}) {
		v.check(err)
		pinned = int(m.ID)
	}
	if pinned != int(got.ID) {
		t.Errorf("pinned is %d, want %d", pinned, got.ID)
	}
	v.check(bot.UnpinAllChatMessages(ctx, &telego.UnpinAllChatMessagesParams{ChatID: me}))
	covered.add(t, row, "pins")

	picture, err := os.ReadFile((&meeting{t: t}).picture("a.png", 7))
	v.check(err)
	photo := func(name string) *telego.InputMediaPhoto { return tu.MediaPhoto(tu.FileFromBytes(picture, name)) }
	_, err = bot.SendMediaGroup(ctx, tu.MediaGroup(me, photo("a.png"), photo("b.png")))
	v.check(err)
	if album := v.newest(2); album[0].GroupedID.Value == 0 || album[0].GroupedID != album[1].GroupedID {
		t.Errorf("the album is %+v", album)
	}
	covered.add(t, row, "albums")
	v.organizeForum(bot, picture)
	covered.add(t, row, "topics")
}

// newest returns the newest messages with the bot, the newest first.
func (v *visit) newest(limit int) (list []*tg.Message) {
	v.t.Helper()
	for m, err := range v.ann.client.History(v.ctx, v.peer, telegram.HistoryOptions{Limit: limit}) {
		v.check(err)
		list = append(list, m)
	}
	return list
}

// organizeForum has the bot run a forum of the person's.
func (v *visit) organizeForum(bot *telego.Bot, picture []byte) {
	v.t.Helper()
	c := v.ann.client
	forum, err := groups.Create(v.ctx, c, groups.New{Kind: groups.Forum, Title: "Birds"})
	v.check(err)
	v.check(groups.Promote(v.ctx, c, forum.Peer, v.peer, tg.ChatAdminRights{ManageTopics: true, ChangeInfo: true}, ""))
	v.next("member", "administrator")
	where := tu.ID(telegram.PeerID{Kind: telegram.PeerChannel, ID: forum.Peer.(*tg.InputPeerChannel).ChannelID}.Mark())
	topic, err := bot.CreateForumTopic(v.ctx, &telego.CreateForumTopicParams{ChatID: where, Name: "Waders"})
	v.check(err)
	_, err = bot.SendMessage(v.ctx, tu.Message(where, "A godwit").WithMessageThreadID(topic.MessageThreadID))
	v.check(err)
	v.check(bot.CloseForumTopic(v.ctx, &telego.CloseForumTopicParams{ChatID: where, MessageThreadID: topic.MessageThreadID}))
	var said []string
	for one, err := range groups.Topics(v.ctx, c, forum.Peer, "Waders") {
		v.check(err)
		if !one.Closed || one.ID != topic.MessageThreadID {
			v.t.Errorf("the topic is %+v", one)
		}
		for m, err := range c.History(v.ctx, forum.Peer, telegram.HistoryOptions{Topic: one.ID}) {
			v.check(err)
			said = append(said, m.Message)
		}
	}
	if !slices.Equal(said, []string{"A godwit"}) {
		v.t.Errorf("in the topic is %q", said)
	}
	v.check(bot.SetChatPhoto(v.ctx, &telego.SetChatPhotoParams{ChatID: where, Photo: tu.FileFromBytes(picture, "a.png")}))
	if info, err := groups.Describe(v.ctx, c, forum.Peer); err != nil || info.Photo == nil {
		v.t.Errorf("the photo is %+v, %v", info.Photo, err)
	}
}
