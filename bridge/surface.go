package bridge

// An Ability is something that one of the surfaces can do and the other, or
// both, cannot: docs/surfaces.md has them in words.
type Ability string

// The abilities.
const (
	WriteFirst        Ability = "write_first"         // to a person who has not written
	SendLargeFile     Ability = "send_large_file"     // over 50 MB
	DownloadLargeFile Ability = "download_large_file" // over 20 MB
	ReadHistory       Ability = "read_history"        // messages from before the account was added
	ListDialogs       Ability = "list_dialogs"        // conversations that nobody has written in since
	ListMembers       Ability = "list_members"        // of a group
	LookUp            Ability = "look_up"             // people by phone number or username
	ImportContacts    Ability = "import_contacts"
	JoinGroups        Ability = "join_groups" // by itself
	CreateGroups      Ability = "create_groups"
	MarkRead          Ability = "mark_read"     // for the peer to see
	SeeReads          Ability = "see_reads"     // whether the peer has read
	SeeDeletions      Ability = "see_deletions" // of messages by others
	ManageDevices     Ability = "manage_devices"
	SignInByPhone     Ability = "sign_in_by_phone" // or QR code
	SignInByToken     Ability = "sign_in_by_token"
	SeeBotMessages    Ability = "see_bot_messages" // of other bots, in groups
	SendButtons       Ability = "send_buttons"     // below a message
)

// What bots can send and fetch, in bytes
// (https://core.telegram.org/bots/api#sending-files, #getfile).
const (
	MaxBotUpload   = 50 << 20
	MaxBotDownload = 20 << 20
)

// surfaces says which kinds of accounts have which abilities. The words are
// what is told who has asked the other kind.
var surfaces = map[Ability]struct {
	kind  AccountKind
	words string
}{
	WriteFirst:        {UserAccount, "Bots cannot write to people who have not written to them."},
	SendLargeFile:     {UserAccount, "Bots cannot send files over 50 MB."},
	DownloadLargeFile: {UserAccount, "Bots cannot fetch files over 20 MB."},
	ReadHistory:       {UserAccount, "Bots cannot read what was written before."},
	ListDialogs:       {UserAccount, "Bots cannot list their conversations."},
	ListMembers:       {UserAccount, "Bots cannot list the members of a group."},
	LookUp:            {UserAccount, "Bots cannot look people up."},
	ImportContacts:    {UserAccount, "Bots have no contacts."},
	JoinGroups:        {UserAccount, "Bots cannot join groups: an administrator has to add them."},
	CreateGroups:      {UserAccount, "Bots cannot create groups."},
	MarkRead:          {UserAccount, "Bots cannot mark messages as read."},
	SeeReads:          {UserAccount, "Bots are not told who has read their messages."},
	SeeDeletions:      {UserAccount, "Bots are not told of messages that others delete."},
	ManageDevices:     {UserAccount, "Bots have no devices."},
	SignInByPhone:     {UserAccount, "Bots sign in with a token."},
	SignInByToken:     {BotAccount, "People sign in by phone number or QR code."},
	SeeBotMessages:    {UserAccount, "Bots do not see what other bots write."},
	SendButtons:       {BotAccount, "People cannot put buttons below a message."},
}

// Can returns nil if accounts of a kind have an ability, and otherwise an
// *Error of CodeSurfaceUnable that says which kind has it. What is in no table
// both can do.
func Can(kind AccountKind, a Ability) error {
	s, known := surfaces[a]
	if !known || s.kind == kind {
		return nil
	}
	return Errorf(CodeSurfaceUnable, "%s Use an account of kind %s.", s.words, s.kind)
}
