package botapi

import (
	"testing"

	"godwit/tg"
)

// A bot in the group where a channel is discussed gets the copies of its posts as
// such.
func TestAutomaticForward(t *testing.T) {
	s := newStage(t, Options{})
	_, robot := s.ann.find("robot_bot")
	news, newsID := s.ann.channel("News", true)
	talk, talkID := s.ann.channel("Talk", false)
	does(s.ann, &tg.ChannelsEditAdmin{Channel: talk, UserID: robot, AdminRights: tg.ChatAdminRights{DeleteMessages: true}})
	does(s.ann, &tg.ChannelsSetDiscussionGroup{Broadcast: news, Group: talk})
	s.updates()
	s.ann.say(peerOfChannel(news), "Extra!")
	m := s.update().Message
	if m == nil || m.Text != "Extra!" || !m.IsAutomatic || m.Chat.ID != talkID || m.SenderChat.ID != newsID ||
		m.From.ID != telegramID || m.From.FirstName != "Telegram" || m.ForwardFromChat.ID != newsID {
		t.Errorf("the copy of a post is %+v", m)
	}
}
