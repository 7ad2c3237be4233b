package botapi

import (
	"encoding/json"
	"fmt"
)

// What follows are the objects of the Bot API, with the fields that the server
// fills in, also those that it keeps for old clients
// (https://core.telegram.org/bots/api#available-types).

// A user is a user or bot.
type user struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	IsPremium bool   `json:"is_premium,omitempty"`
}

// A botUser is what getMe returns.
type botUser struct {
	user
	CanJoinGroups             bool `json:"can_join_groups"`
	CanReadAllGroupMessages   bool `json:"can_read_all_group_messages"`
	SupportsInlineQueries     bool `json:"supports_inline_queries"`
	SupportsGuestQueries      bool `json:"supports_guest_queries"`
	CanConnectToBusiness      bool `json:"can_connect_to_business"`
	HasMainWebApp             bool `json:"has_main_web_app"`
	HasTopicsEnabled          bool `json:"has_topics_enabled"`
	AllowsUsersToCreateTopics bool `json:"allows_users_to_create_topics"`
	CanManageBots             bool `json:"can_manage_bots"`
}

// A chat is where messages are.
type chat struct {
	ID        int64  `json:"id"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	IsForum   bool   `json:"is_forum,omitempty"`
	Type      string `json:"type"`

	AllMembersAreAdministrators *bool      `json:"all_members_are_administrators,omitempty"`
	AcceptedGiftTypes           *giftTypes `json:"accepted_gift_types,omitempty"`
}

// A fullChat is what getChat returns.
type fullChat struct {
	chat
	ActiveUsernames    []string     `json:"active_usernames,omitempty"`
	Bio                string       `json:"bio,omitempty"`
	Description        string       `json:"description,omitempty"`
	InviteLink         string       `json:"invite_link,omitempty"`
	HasVisibleHistory  bool         `json:"has_visible_history,omitempty"`
	Permissions        *permissions `json:"permissions,omitempty"`
	JoinByRequest      bool         `json:"join_by_request,omitempty"`
	HasHiddenMembers   bool         `json:"has_hidden_members,omitempty"`
	SlowModeDelay      int          `json:"slow_mode_delay,omitempty"`
	Photo              *chatPhoto   `json:"photo,omitempty"`
	PinnedMessage      *message     `json:"pinned_message,omitempty"`
	AvailableReactions []reaction   `json:"available_reactions,omitempty"`
	MaxReactionCount   int          `json:"max_reaction_count"`
	AccentColorID      int          `json:"accent_color_id"`
	HasProtected       bool         `json:"has_protected_content,omitempty"`
}

// giftTypes are the gifts that a chat takes: none here.
type giftTypes struct {
	Unlimited bool `json:"unlimited_gifts"`
	Limited   bool `json:"limited_gifts"`
	Unique    bool `json:"unique_gifts"`
	Premium   bool `json:"premium_subscription"`
	Channels  bool `json:"gifts_from_channels"`
}

type chatPhoto struct {
	SmallFileID       string `json:"small_file_id"`
	SmallFileUniqueID string `json:"small_file_unique_id"`
	BigFileID         string `json:"big_file_id"`
	BigFileUniqueID   string `json:"big_file_unique_id"`
}

// permissions are what members may do.
type permissions struct {
	SendMessages  bool `json:"can_send_messages"`
	SendMedia     bool `json:"can_send_media_messages"`
	SendAudios    bool `json:"can_send_audios"`
	SendDocuments bool `json:"can_send_documents"`
	SendPhotos    bool `json:"can_send_photos"`
	SendVideos    bool `json:"can_send_videos"`
	SendNotes     bool `json:"can_send_video_notes"`
	SendVoice     bool `json:"can_send_voice_notes"`
	SendPolls     bool `json:"can_send_polls"`
	SendOther     bool `json:"can_send_other_messages"`
	AddPreviews   bool `json:"can_add_web_page_previews"`
	React         bool `json:"can_react_to_messages"`
	EditTag       bool `json:"can_edit_tag"`
	ChangeInfo    bool `json:"can_change_info"`
	InviteUsers   bool `json:"can_invite_users"`
	PinMessages   bool `json:"can_pin_messages"`
	ManageTopics  bool `json:"can_manage_topics"`
}

// A message is a message, or what stands for one that cannot be had.
type message struct {
	ID               int32           `json:"message_id"`
	From             *user           `json:"from,omitempty"`
	AuthorSignature  string          `json:"author_signature,omitempty"`
	SenderChat       *chat           `json:"sender_chat,omitempty"`
	Chat             *chat           `json:"chat"`
	Date             int32           `json:"date"`
	EditDate         int32           `json:"edit_date,omitempty"`
	ThreadID         int32           `json:"message_thread_id,omitempty"`
	ForwardOrigin    *origin         `json:"forward_origin,omitempty"`
	ForwardFrom      *user           `json:"forward_from,omitempty"`
	ForwardFromChat  *chat           `json:"forward_from_chat,omitempty"`
	ForwardMessageID int32           `json:"forward_from_message_id,omitempty"`
	ForwardSignature string          `json:"forward_signature,omitempty"`
	ForwardDate      int32           `json:"forward_date,omitempty"`
	IsAutomatic      bool            `json:"is_automatic_forward,omitempty"`
	ReplyTo          *message        `json:"reply_to_message,omitempty"`
	Quote            *quote          `json:"quote,omitempty"`
	MediaGroupID     string          `json:"media_group_id,omitempty"`
	Text             string          `json:"text,omitempty"`
	Entities         []entity        `json:"entities,omitempty"`
	Animation        *media          `json:"animation,omitempty"`
	Audio            *media          `json:"audio,omitempty"`
	Document         *media          `json:"document,omitempty"`
	Photo            []photoSize     `json:"photo,omitempty"`
	Video            *media          `json:"video,omitempty"`
	VideoNote        *media          `json:"video_note,omitempty"`
	Voice            *media          `json:"voice,omitempty"`
	Caption          string          `json:"caption,omitempty"`
	CaptionEntities  []entity        `json:"caption_entities,omitempty"`
	HasSpoiler       bool            `json:"has_media_spoiler,omitempty"`
	Contact          *contact        `json:"contact,omitempty"`
	Location         *location       `json:"location,omitempty"`
	Poll             *pollObject     `json:"poll,omitempty"`
	NewParticipant   *user           `json:"new_chat_participant,omitempty"`
	NewMember        *user           `json:"new_chat_member,omitempty"`
	NewMembers       []*user         `json:"new_chat_members,omitempty"`
	LeftParticipant  *user           `json:"left_chat_participant,omitempty"`
	LeftMember       *user           `json:"left_chat_member,omitempty"`
	NewTitle         string          `json:"new_chat_title,omitempty"`
	NewPhoto         []photoSize     `json:"new_chat_photo,omitempty"`
	PhotoDeleted     bool            `json:"delete_chat_photo,omitempty"`
	GroupCreated     bool            `json:"group_chat_created,omitempty"`
	SuperCreated     bool            `json:"supergroup_chat_created,omitempty"`
	ChannelCreated   bool            `json:"channel_chat_created,omitempty"`
	MigrateTo        int64           `json:"migrate_to_chat_id,omitempty"`
	MigrateFrom      int64           `json:"migrate_from_chat_id,omitempty"`
	Pinned           *message        `json:"pinned_message,omitempty"`
	TopicCreated     *topicCreated   `json:"forum_topic_created,omitempty"`
	TopicEdited      *topicEdited    `json:"forum_topic_edited,omitempty"`
	TopicClosed      *struct{}       `json:"forum_topic_closed,omitempty"`
	TopicReopened    *struct{}       `json:"forum_topic_reopened,omitempty"`
	ReplyMarkup      *inlineKeyboard `json:"reply_markup,omitempty"`
	HasProtected     bool            `json:"has_protected_content,omitempty"`
	IsTopicMessage   bool            `json:"is_topic_message,omitempty"`
}

// An entity marks a part of a text, in UTF-16 code units.
type entity struct {
	Offset        int32  `json:"offset"`
	Length        int32  `json:"length"`
	Type          string `json:"type"`
	URL           string `json:"url,omitempty"`
	User          *user  `json:"user,omitempty"`
	Language      string `json:"language,omitempty"`
	CustomEmojiID string `json:"custom_emoji_id,omitempty"`
}

type quote struct {
	Text     string   `json:"text"`
	Entities []entity `json:"entities,omitempty"`
	Position int32    `json:"position"`
	IsManual bool     `json:"is_manual,omitempty"`
}

// An origin is where a forwarded message was first.
type origin struct {
	Type            string `json:"type"`
	SenderUser      *user  `json:"sender_user,omitempty"`
	Chat            *chat  `json:"chat,omitempty"`
	MessageID       int32  `json:"message_id,omitempty"`
	AuthorSignature string `json:"author_signature,omitempty"`
	Date            int32  `json:"date"`
}

// A file names a file.
type file struct {
	FileID       string `json:"file_id"`
	FileUniqueID string `json:"file_unique_id"`
	FileSize     int64  `json:"file_size,omitempty"`
	FilePath     string `json:"file_path,omitempty"`
}

type photoSize struct {
	file
	Width  int `json:"width"`
	Height int `json:"height"`
}

// media is an animation, audio, document, video, video note or voice message.
type media struct {
	Duration  *int       `json:"duration,omitempty"`
	Width     int        `json:"width,omitempty"`
	Height    int        `json:"height,omitempty"`
	Side      int        `json:"length,omitempty"`
	FileName  string     `json:"file_name,omitempty"`
	MIMEType  string     `json:"mime_type,omitempty"`
	Title     string     `json:"title,omitempty"`
	Performer string     `json:"performer,omitempty"`
	Thumbnail *photoSize `json:"thumbnail,omitempty"`
	Thumb     *photoSize `json:"thumb,omitempty"` // what a thumbnail was called first
	file
}

type contact struct {
	PhoneNumber string `json:"phone_number"`
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name,omitempty"`
	VCard       string `json:"vcard,omitempty"`
	UserID      int64  `json:"user_id,omitempty"`
}

type location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type pollObject struct {
	ID              string       `json:"id"`
	Question        string       `json:"question"`
	Options         []pollOption `json:"options"`
	TotalVoters     int32        `json:"total_voter_count"`
	IsClosed        bool         `json:"is_closed"`
	IsAnonymous     bool         `json:"is_anonymous"`
	Type            string       `json:"type"`
	MultipleAnswers bool         `json:"allows_multiple_answers"`
}

type pollOption struct {
	Text   string `json:"text"`
	Voters int32  `json:"voter_count"`
}

type topicCreated struct {
	Name      string `json:"name"`
	IconColor int32  `json:"icon_color"`
}

type topicEdited struct {
	Name string `json:"name,omitempty"`
}

type inlineKeyboard struct {
	Rows [][]inlineButton `json:"inline_keyboard"`
}

type inlineButton struct {
	Text         string    `json:"text"`
	Style        string    `json:"style,omitempty"`
	URL          string    `json:"url,omitempty"`
	CallbackData string    `json:"callback_data,omitempty"`
	SwitchInline *string   `json:"switch_inline_query,omitempty"`
	SwitchHere   *string   `json:"switch_inline_query_current_chat,omitempty"`
	WebApp       *webApp   `json:"web_app,omitempty"`
	CopyText     *copyText `json:"copy_text,omitempty"`
}

type webApp struct {
	URL string `json:"url"`
}

type copyText struct {
	Text string `json:"text"`
}

type reaction struct {
	Type          string `json:"type"`
	Emoji         string `json:"emoji,omitempty"`
	CustomEmojiID string `json:"custom_emoji_id,omitempty"`
}

// A chatMember is what somebody is in a chat.
type chatMember struct {
	User        *user  `json:"user"`
	Status      string `json:"status"`
	CustomTitle string `json:"custom_title,omitempty"`
	IsAnonymous *bool  `json:"is_anonymous,omitempty"` // of the creator
	UntilDate   *int32 `json:"until_date,omitempty"`   // of who is banned
}

// An adminMember is an administrator.
type adminMember struct {
	User        *user  `json:"user"`
	Status      string `json:"status"`
	CanBeEdited bool   `json:"can_be_edited"`
	adminRights
	CustomTitle string `json:"custom_title,omitempty"`
}

// A restrictedMember may do less than others.
type restrictedMember struct {
	User      *user  `json:"user"`
	Status    string `json:"status"`
	UntilDate int32  `json:"until_date"`
	permissions
	IsMember bool `json:"is_member"`
}

// adminRights are what an administrator may do. Those that are nil mean nothing
// in chats of the kind.
type adminRights struct {
	ManageChat     bool  `json:"can_manage_chat"`
	ChangeInfo     bool  `json:"can_change_info"`
	PostMessages   *bool `json:"can_post_messages,omitempty"`
	EditMessages   *bool `json:"can_edit_messages,omitempty"`
	DeleteMessages bool  `json:"can_delete_messages"`
	InviteUsers    bool  `json:"can_invite_users"`
	Restrict       bool  `json:"can_restrict_members"`
	PinMessages    *bool `json:"can_pin_messages,omitempty"`
	ManageTopics   *bool `json:"can_manage_topics,omitempty"`
	Promote        bool  `json:"can_promote_members"`
	VideoChats     bool  `json:"can_manage_video_chats"`
	PostStories    bool  `json:"can_post_stories"`
	EditStories    bool  `json:"can_edit_stories"`
	DeleteStories  bool  `json:"can_delete_stories"`
	DirectMessages *bool `json:"can_manage_direct_messages,omitempty"`
	ManageTags     *bool `json:"can_manage_tags,omitempty"`
	Anonymous      bool  `json:"is_anonymous"`
	VoiceChats     bool  `json:"can_manage_voice_chats"`
}

// An update is something that a bot is told.
type update struct {
	id      int
	kind    string
	body    json.RawMessage
	expires int   // when it is forgotten, in Unix time
	lane    int64 // webhooks get those of one lane in order
}

// MarshalJSON writes the update as an Update of the Bot API.
func (u *update) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"update_id":%d,%q:%s}`, u.id, u.kind, u.body), nil
}

type callbackQuery struct {
	ID           string   `json:"id"`
	From         *user    `json:"from"`
	Message      *message `json:"message,omitempty"`
	ChatInstance string   `json:"chat_instance"`
	Data         string   `json:"data,omitempty"`
}

type chatMemberUpdated struct {
	Chat *chat `json:"chat"`
	From *user `json:"from"`
	Date int32 `json:"date"`
	Old  any   `json:"old_chat_member"`
	New  any   `json:"new_chat_member"`
}

type messageReaction struct {
	Chat      *chat      `json:"chat"`
	MessageID int32      `json:"message_id"`
	User      *user      `json:"user,omitempty"`
	Date      int32      `json:"date"`
	Old       []reaction `json:"old_reaction"`
	New       []reaction `json:"new_reaction"`
}

type webhookInfo struct {
	URL            string   `json:"url"`
	HasCertificate bool     `json:"has_custom_certificate"`
	Pending        int      `json:"pending_update_count"`
	LastErrorDate  int      `json:"last_error_date,omitempty"`
	LastError      string   `json:"last_error_message,omitempty"`
	MaxConnections int      `json:"max_connections,omitempty"`
	IPAddress      string   `json:"ip_address,omitempty"`
	AllowedUpdates []string `json:"allowed_updates,omitempty"`
}

type command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}
