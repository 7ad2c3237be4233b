package botapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"godwit/tg"
)

// A markupObject is a reply_markup of any kind.
type markupObject struct {
	Keyboard       *[]json.RawMessage `json:"keyboard"`
	InlineKeyboard *[]json.RawMessage `json:"inline_keyboard"`
	Remove         bool               `json:"remove_keyboard"`
	ForceReply     bool               `json:"force_reply"`
	Selective      bool               `json:"selective"`
	Resize         bool               `json:"resize_keyboard"`
	Once           bool               `json:"one_time_keyboard"`
	Persistent     bool               `json:"is_persistent"`
	Placeholder    string             `json:"input_field_placeholder"`
}

// markup reads the buttons of a request, nil without any.
func (q *request) markup() (tg.ReplyMarkupClass, error) {
	text := q.args["reply_markup"]
	if text == "" {
		return nil, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, bad("Can't parse reply keyboard markup JSON object")
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return nil, bad("Object expected as reply markup")
	}
	var in markupObject
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, bad("%v", wrongField(err))
	}
	placeholder := optional(in.Placeholder)
	if in.Keyboard != nil && len(*in.Keyboard) > 0 {
		out := &tg.ReplyKeyboardMarkup{
			Resize: in.Resize, SingleUse: in.Once, Selective: in.Selective, Persistent: in.Persistent, Placeholder: placeholder,
		}
		return out, readRows(*in.Keyboard, `Field "keyboard" must be an Array of Arrays`, func(row []json.RawMessage) error {
			r := tg.KeyboardButtonRow{}
			for _, raw := range row {
				b, err := keyboardButton(raw)
				if err != nil {
					return err
				}
				r.Buttons = append(r.Buttons, b)
			}
			out.Rows = append(out.Rows, r)
			return nil
		})
	}
	if in.InlineKeyboard != nil && len(*in.InlineKeyboard) > 0 {
		out := &tg.ReplyInlineMarkup{}
		wrong := `Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays`
		return out, readRows(*in.InlineKeyboard, wrong, func(row []json.RawMessage) error {
			r := tg.KeyboardInlineButtonRow{}
			for _, raw := range row {
				b, err := inlineKeyboardButton(raw)
				if err != nil {
					return err
				}
				r.Buttons = append(r.Buttons, b)
			}
			out.Rows = append(out.Rows, r)
			return nil
		})
	}
	switch {
	case in.Remove:
		return &tg.ReplyKeyboardHide{Selective: in.Selective}, nil
	case in.ForceReply:
		return &tg.ReplyKeyboardForceReply{Selective: in.Selective, Placeholder: placeholder}, nil
	}
	return nil, nil
}

// wrongField words an error of decoding as the server does.
func wrongField(err error) string {
	if typed := new(json.UnmarshalTypeError); errors.As(err, &typed) {
		return "Field \"" + typed.Field + "\" must be of type " + map[string]string{
			"string": "String", "bool": "Boolean", "slice": "Array", "int64": "Number",
		}[typed.Type.Kind().String()]
	}
	return err.Error()
}

func readRows(rows []json.RawMessage, wrong string, add func(row []json.RawMessage) error) error {
	for _, raw := range rows {
		var row []json.RawMessage
		if json.Unmarshal(raw, &row) != nil {
			return bad("%s", wrong)
		}
		if err := add(row); err != nil {
			return err
		}
	}
	return nil
}

// keyboardButton reads a button of a keyboard that stands for text.
func keyboardButton(raw json.RawMessage) (tg.KeyboardButton, error) {
	out := tg.KeyboardButton{Type: &tg.ButtonTypeDefault{}}
	if json.Unmarshal(raw, &out.Text) == nil {
		return out, nil
	}
	var in struct {
		Text     *string `json:"text"`
		Contact  bool    `json:"request_contact"`
		Location bool    `json:"request_location"`
	}
	if err := json.Unmarshal(raw, &in); err != nil || !bytes.HasPrefix(raw, []byte("{")) {
		return out, bad("Can't parse keyboard button: KeyboardButton must be a String or an Object")
	}
	if in.Text == nil {
		return out, bad(`Can't parse keyboard button: Can't find field "text"`)
	}
	out.Text = *in.Text
	switch {
	case in.Contact:
		out.Type = &tg.ButtonTypeRequestPhone{}
	case in.Location:
		out.Type = &tg.ButtonTypeRequestGeoLocation{}
	}
	return out, nil
}

// An inlineButtonObject is a button below a message, as requests have it.
type inlineButtonObject struct {
	Text         *string   `json:"text"`
	Style        string    `json:"style"`
	URL          string    `json:"url"`
	CallbackData string    `json:"callback_data"`
	SwitchInline *string   `json:"switch_inline_query"`
	SwitchHere   *string   `json:"switch_inline_query_current_chat"`
	WebApp       *webApp   `json:"web_app"`
	CopyText     *copyText `json:"copy_text"`
}

func inlineKeyboardButton(raw json.RawMessage) (tg.KeyboardInlineButton, error) {
	var in inlineButtonObject
	unparsable := func(text string) (tg.KeyboardInlineButton, error) {
		return tg.KeyboardInlineButton{}, bad("Can't parse inline keyboard button: %s", text)
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return unparsable("InlineKeyboardButton must be an Object")
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return unparsable(wrongField(err))
	}
	if in.Text == nil {
		return unparsable(`Can't find field "text"`)
	}
	out := tg.KeyboardInlineButton{Text: *in.Text}
	switch strings.ToLower(in.Style) {
	case "", "default":
	case "primary":
		out.Style = &tg.KeyboardButtonStyle{BgPrimary: true}
	case "danger":
		out.Style = &tg.KeyboardButtonStyle{BgDanger: true}
	case "success":
		out.Style = &tg.KeyboardButtonStyle{BgSuccess: true}
	default:
		return unparsable("Invalid button style specified")
	}
	if out.Type = in.action(); out.Type == nil {
		return unparsable("Text buttons are unallowed in the inline keyboard")
	}
	return out, nil
}

// action returns what the button does, nil if nothing.
func (in *inlineButtonObject) action() tg.InlineButtonTypeClass {
	switch {
	case in.URL != "":
		if id, ok := strings.CutPrefix(in.URL, "tg://user?id="); ok {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil {
				return &tg.InputInlineButtonTypeUserProfile{UserID: &tg.InputUser{UserID: n}}
			}
		}
		if !strings.Contains(in.URL, "://") {
			return &tg.InlineButtonTypeURL{URL: "http://" + in.URL}
		}
		return &tg.InlineButtonTypeURL{URL: in.URL}
	case in.CallbackData != "":
		return &tg.InlineButtonTypeCallback{Data: []byte(in.CallbackData)}
	case in.SwitchInline != nil:
		return &tg.InlineButtonTypeSwitchInline{Query: *in.SwitchInline}
	case in.SwitchHere != nil:
		return &tg.InlineButtonTypeSwitchInline{SamePeer: true, Query: *in.SwitchHere}
	case in.WebApp != nil:
		return &tg.InlineButtonTypeWebView{URL: in.WebApp.URL}
	case in.CopyText != nil:
		return &tg.InlineButtonTypeCopy{CopyText: in.CopyText.Text}
	}
	return nil
}

// answerCallbackQuery serves answerCallbackQuery.
func answerCallbackQuery(q *request) (any, error) {
	id, _ := strconv.ParseInt(q.args["callback_query_id"], 10, 64) // what is no number names nothing
	_, err := call(q, q.b, &tg.MessagesSetBotCallbackAnswer{
		QueryID: id, Alert: q.flag("show_alert"), Message: optional(q.args["text"]), URL: optional(q.args["url"]),
		CacheTime: int32(q.integer("cache_time", 0, 0, 24*30*60*60)),
	})
	return true, err
}

// setMessageReaction serves setMessageReaction.
func setMessageReaction(q *request) (any, error) {
	var wanted []reaction
	if text := q.args["reaction"]; text != "" {
		if json.Unmarshal([]byte(text), &wanted) != nil {
			return nil, bad("Can't parse reaction types JSON object")
		}
	}
	set := &tg.MessagesSendReaction{Big: q.flag("is_big")}
	for _, r := range wanted {
		switch r.Type {
		case "emoji":
			set.Reaction = append(set.Reaction, &tg.ReactionEmoji{Emoticon: r.Emoji})
		case "custom_emoji":
			id, err := strconv.ParseInt(r.CustomEmojiID, 10, 64)
			if err != nil {
				return nil, bad("Can't parse ReactionType: invalid custom emoji identifier specified")
			}
			set.Reaction = append(set.Reaction, &tg.ReactionCustomEmoji{DocumentID: id})
		default:
			return nil, bad("Can't parse ReactionType: invalid reaction type specified")
		}
	}
	p, _, err := q.existing(toRead, "message to react")
	if err != nil {
		return nil, err
	}
	set.Peer, set.MsgID = p.peer(), q.id("message_id")
	if _, err = call(q, q.b, set); is(err, "MESSAGE_NOT_MODIFIED") {
		err = nil // it is as it should be
	}
	return true, err
}

// commandScope reads where commands are shown.
func (q *request) commandScope() (tg.BotCommandScopeClass, error) {
	text := q.args["scope"]
	if text == "" {
		return &tg.BotCommandScopeDefault{}, nil
	}
	var in struct {
		Type   string          `json:"type"`
		ChatID json.RawMessage `json:"chat_id"`
		UserID int64           `json:"user_id"`
	}
	if json.Unmarshal([]byte(text), &in) != nil {
		return nil, bad("Can't parse BotCommandScope JSON object")
	}
	switch in.Type {
	case "default":
		return &tg.BotCommandScopeDefault{}, nil
	case "all_private_chats":
		return &tg.BotCommandScopeUsers{}, nil
	case "all_group_chats":
		return &tg.BotCommandScopeChats{}, nil
	case "all_chat_administrators":
		return &tg.BotCommandScopeChatAdmins{}, nil
	case "chat", "chat_administrators", "chat_member":
	default:
		return nil, bad("Can't parse BotCommandScope: Unsupported type specified")
	}
	scope := &request{Context: q, s: q.s, b: q.b, args: map[string]string{"chat_id": strings.Trim(string(in.ChatID), `"`)}}
	p, err := scope.place("chat_id", toRead)
	switch {
	case err != nil:
		return nil, err
	case in.Type == "chat":
		return &tg.BotCommandScopePeer{Peer: p.peer()}, nil
	case in.Type == "chat_administrators":
		return &tg.BotCommandScopePeerAdmins{Peer: p.peer()}, nil
	}
	return &tg.BotCommandScopePeerUser{Peer: p.peer(), UserID: &tg.InputUser{UserID: in.UserID}}, nil
}

// setMyCommands serves setMyCommands.
func setMyCommands(q *request) (any, error) {
	var list []command
	if text := q.args["commands"]; text != "" && json.Unmarshal([]byte(text), &list) != nil {
		return nil, bad("Can't parse commands JSON object")
	}
	scope, err := q.commandScope()
	if err != nil {
		return nil, err
	}
	set := &tg.BotsSetBotCommands{Scope: scope, LangCode: q.args["language_code"]}
	for _, c := range list {
		set.Commands = append(set.Commands, tg.BotCommand{
			Command: strings.TrimPrefix(c.Command, "/"), Description: strings.TrimSpace(c.Description),
		})
	}
	_, err = call(q, q.b, set)
	return true, err
}

// deleteMyCommands serves deleteMyCommands.
func deleteMyCommands(q *request) (any, error) {
	scope, err := q.commandScope()
	if err != nil {
		return nil, err
	}
	_, err = call(q, q.b, &tg.BotsResetBotCommands{Scope: scope, LangCode: q.args["language_code"]})
	return true, err
}

// getMyCommands serves getMyCommands.
func getMyCommands(q *request) (any, error) {
	scope, err := q.commandScope()
	if err != nil {
		return nil, err
	}
	got, err := call(q, q.b, &tg.BotsGetBotCommands{Scope: scope, LangCode: q.args["language_code"]})
	out := []command{}
	for _, c := range got {
		out = append(out, command{c.Command, c.Description})
	}
	return out, err
}
