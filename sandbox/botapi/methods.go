package botapi

// A method carries out a request.
type method func(q *request) (any, error)

// methods are what is served, by name in lower case. Others are not found.
var methods map[string]method

// The answers of webhooks call methods, setWebhook among them, which rules out
// an initial value.
func init() {
	methods = map[string]method{
		"getme": getMe, "logout": logOut, "close": closeBot,
		"getupdates": getUpdates, "setwebhook": setWebhook, "deletewebhook": deleteWebhook, "getwebhookinfo": getWebhookInfo,

		"sendmessage": sendMessage, "forwardmessage": forwardMessage, "forwardmessages": forwardMessages,
		"copymessage": copyMessage, "copymessages": copyMessages,
		"sendphoto": sendFile(kindPhoto, "photo"), "senddocument": sendFile(kindDocument, "document"),
		"sendvideo": sendFile(kindVideo, "video"), "sendaudio": sendFile(kindAudio, "audio"),
		"sendvoice": sendFile(kindVoice, "voice"), "sendanimation": sendFile(kindAnimation, "animation"),
		"sendvideonote": sendFile(kindNote, "video_note"), "sendmediagroup": sendMediaGroup,
		"sendpoll": sendPoll, "stoppoll": stopPoll,
		"sendlocation": sendLocation, "sendcontact": sendContact, "sendchataction": sendChatAction,
		"getfile": getFile,

		"editmessagetext": editMessageText, "editmessagecaption": editMessageCaption, "editmessagemedia": editMessageMedia,
		"editmessagereplymarkup": editMessageReplyMarkup, "deletemessage": deleteMessage, "deletemessages": deleteMessages,
		"setmessagereaction": setMessageReaction, "answercallbackquery": answerCallbackQuery,

		"getchat": getChat, "getchatmember": getChatMember, "getchatadministrators": getChatAdministrators,
		"getchatmembercount": getChatMemberCount, "getchatmemberscount": getChatMemberCount, "leavechat": leaveChat,

		"pinchatmessage": pinChatMessage, "unpinchatmessage": unpinChatMessage, "unpinallchatmessages": unpinAllChatMessages,
		"setchattitle": setChatTitle, "setchatphoto": setChatPhoto, "deletechatphoto": deleteChatPhoto,

		"createforumtopic": createForumTopic, "deleteforumtopic": deleteForumTopic,
		"editforumtopic": editForumTopic(renameTopic), "closeforumtopic": editForumTopic(closeTopic),
		"reopenforumtopic": editForumTopic(reopenTopic),

		"setmycommands": setMyCommands, "getmycommands": getMyCommands, "deletemycommands": deleteMyCommands,
	}
}
