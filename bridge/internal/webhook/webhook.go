// Package webhook delivers events to webhooks, by the Standard Webhooks scheme
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
//
// Start with [New]. The methods of [Service] are what can be done with webhooks;
// [Service.Deliver] is the job that delivers to one, [Service.Run] sees to it
// that there is one such job for each.
//
// # What is promised
//
// A receiver gets every event that its webhook wants at least once. Events of a
// conversation, and those of an account that belong to none, come in their
// order: the next one after the one before was answered with 2xx, or given up.
// Different conversations do not wait for each other, and different webhooks
// have nothing to do with each other. The header webhook-id is the event's id
// in each attempt and replay, for receivers to know what they have had.
//
// The delivery of events is one job for each webhook, not one for each event:
// see queue for what is written down when, and docs/webhooks.md for what that
// was measured to cost.
package webhook
