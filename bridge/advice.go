package bridge

// WhatToDo says what somebody has to do for the account to work, for people; ""
// where the bridge does what there is to do.
func (s Status) WhatToDo() string {
	switch s.Cause {
	case DataKeyLocked:
		return "What is secret of the account cannot be read: its data key is wrapped by " + s.Error +
			", which is none of the key-encryption keys that the daemon was given. Restart it with that one as a further --kek. " +
			"If that one is lost, shred the account (godwit keys shred) and sign in again."
	case SignInRefused:
		if s.State == New {
			return "Whoever signed in was refused, being another account of the bridge already. Sign in as somebody else."
		}
		return "Somebody else signed in and was refused. Sign in as the same account as before, or add another account for whom that was."
	}
	switch s.State {
	case New, SignedOut:
		return "Sign the account in: begin a sign-in, or make a login link for whom it belongs to."
	case SigningIn:
		return "Answer what the sign-in asks for."
	case Paused:
		return "Start the account when it is to go on."
	case Restricted:
		return "Nothing can be done but wait: Telegram does not let the account write to people who have not written to it. " +
			"Conversations go on. Ask @SpamBot from the account how long it lasts. When it is over, stop the account and start it."
	case LoginRequired:
		return loginAdvice[s.Cause]
	case Banned:
		return "Telegram has closed the account. Its history stays readable. " +
			"Whoever it belongs to can appeal to recover@telegram.org."
	}
	return ""
}

// loginAdvice is what to do when a session has been lost, by how.
var loginAdvice = map[Kind]string{
	KeyUnregistered: "Telegram does not know the session any more. Sign in again as the same account.",
	KeyUnknown:      "Telegram does not know the session's key any more. Sign in again as the same account.",
	SessionRevoked: "The account's owner has ended this session on another device. " +
		"Ask the owner before signing in again.",
	SessionExpired: "The session was not used for longer than the account's settings allow. Sign in again as the same account.",
	KeyDuplicated: "Telegram has ended the session because two connections used it at once. " +
		"Make sure that no copy of it is in use elsewhere, then sign in again.",
	SignInFailed: "The sign-in was given up. Begin another.",
}
