-- +goose Up

-- What was changed outside, as pipelines told it at the door for changes: the
-- suspects of incidents to come.
CREATE TABLE change (
    source  TEXT NOT NULL,
    id      TEXT NOT NULL,
    service TEXT NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX change_at ON change (at);

-- +goose Down
DROP TABLE change;
