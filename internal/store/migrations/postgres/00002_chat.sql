-- +goose Up

-- Since when a message may stand on a platform that never said so: a send was
-- begun and not answered.
ALTER TABLE outbox ADD COLUMN tried_at BIGINT NOT NULL DEFAULT 0;

-- Which incident a thread is about.
CREATE INDEX outbox_card ON outbox (platform, ref) WHERE kind = 'card';

-- What happens once, by name: an interaction that a platform delivers twice, a
-- word that is said one time.
CREATE TABLE once (
    name TEXT PRIMARY KEY,
    at   BIGINT NOT NULL
);
CREATE INDEX once_at ON once (at);

-- +goose Down
DROP TABLE once;
DROP INDEX outbox_card;
ALTER TABLE outbox DROP COLUMN tried_at;
