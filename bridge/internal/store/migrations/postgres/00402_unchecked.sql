-- +goose Up
-- Looking up what a row refers to cost a sixth of what PostgreSQL does for a message
-- that comes in. These three are certain without it: a message's conversation
-- is the account's, which the conversation refers to and goes with; whoever adds events has locked
-- their account, and whoever adds deliveries their webhook. What is deleted takes them along
-- by Tx.DeleteAccount and Tx.DeleteWebhook.
ALTER TABLE messages DROP CONSTRAINT messages_account_id_fkey;
ALTER TABLE events DROP CONSTRAINT events_account_id_fkey;
ALTER TABLE webhook_deliveries DROP CONSTRAINT webhook_deliveries_webhook_id_fkey;

-- +goose Down
ALTER TABLE messages ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE events ADD FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE;
ALTER TABLE webhook_deliveries ADD FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE;
