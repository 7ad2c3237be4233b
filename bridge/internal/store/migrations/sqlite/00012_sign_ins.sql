-- +goose Up
-- What an account is again if a sign-in comes to nothing.
ALTER TABLE accounts ADD COLUMN came_from TEXT NOT NULL DEFAULT '';
UPDATE accounts SET came_from = 'new' WHERE state = 'signing_in' AND user_id = 0;

-- +goose Down
ALTER TABLE accounts DROP COLUMN came_from;
