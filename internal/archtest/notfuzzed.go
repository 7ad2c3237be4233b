package archtest

// NotFuzzed are the packages that take bytes apart without a fuzz target.
var NotFuzzed = []Unfuzzed{
	{Dir: "mtproto", Reason: "takes the id of a key from its hash, not from the network"},
	{Dir: "telegram/groups", Reason: "reads random numbers"},
}
