-- +goose Up

-- Numbers that only ever grow: incident numbers and the terms of claims.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('incident', 0), ('term', 0);

-- What the store knows of itself (alive, clean) and what the desk notes.
CREATE TABLE note (
    scope TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

-- The cached fold. All but the snapshot is there for queries.
CREATE TABLE incident (
    number      INTEGER PRIMARY KEY,
    snapshot    TEXT NOT NULL,
    title       TEXT NOT NULL,
    service     TEXT NOT NULL,
    severity    TEXT NOT NULL,
    state       TEXT NOT NULL,
    owner       TEXT NOT NULL,
    opened_at   INTEGER NOT NULL,
    declared_at INTEGER NOT NULL,
    resolved_at INTEGER NOT NULL,
    seq         INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_open ON incident (number) WHERE state <> 'resolved';
CREATE INDEX incident_service ON incident (service, number) WHERE state <> 'resolved';
CREATE INDEX incident_state ON incident (state, number);

-- The timeline: only ever appended.
CREATE TABLE entry (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    incident  INTEGER NOT NULL REFERENCES incident (number),
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    actor     TEXT NOT NULL,
    via       TEXT NOT NULL,
    text      TEXT NOT NULL,
    step      TEXT NOT NULL,
    refs      TEXT NOT NULL,
    quiet     INTEGER NOT NULL,
    body      TEXT NOT NULL,
    prev_hmac TEXT NOT NULL,
    hmac      TEXT NOT NULL,
    UNIQUE (incident, seq)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN
    SELECT RAISE(ABORT, 'entries are only ever appended');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN
    SELECT RAISE(ABORT, 'entries are only ever appended');
END;
-- +goose StatementEnd

-- Each key of a source belongs to one incident (P3).
CREATE TABLE source (
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (number),
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Keys that were resolved without ever having had an incident.
CREATE TABLE tombstone (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    at    INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE step (
    id       TEXT PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident (number),
    run      TEXT NOT NULL,
    state    TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    snapshot TEXT NOT NULL
) STRICT;
CREATE INDEX step_state ON step (state);
CREATE INDEX step_incident ON step (incident);

-- One call per slot, for ever (P11, I8).
CREATE TABLE nudge (
    incident INTEGER NOT NULL REFERENCES incident (number),
    anchor   INTEGER NOT NULL,
    slot     INTEGER NOT NULL,
    call     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (incident, anchor, slot, call)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    source   TEXT NOT NULL,
    event_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL,
    reason   TEXT NOT NULL DEFAULT '',
    incident INTEGER NOT NULL DEFAULT 0,
    body     BLOB NOT NULL,
    UNIQUE (source, event_id)
) STRICT;
CREATE INDEX inbox_quarantined ON inbox (id) WHERE state = 'quarantined';

CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    platform  TEXT NOT NULL,
    key       TEXT NOT NULL,
    lane      TEXT NOT NULL,
    room      TEXT NOT NULL,
    thread    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    about     TEXT NOT NULL,
    priority  INTEGER NOT NULL,
    incident  INTEGER NOT NULL,
    state     TEXT NOT NULL,
    wanted    INTEGER NOT NULL,
    wanted_at INTEGER NOT NULL,
    del       INTEGER NOT NULL,
    rendered  BLOB,
    rend_rev  INTEGER NOT NULL DEFAULT 0,
    sent_rev  INTEGER NOT NULL DEFAULT 0,
    ref       TEXT NOT NULL DEFAULT '',
    tries     INTEGER NOT NULL DEFAULT 0,
    plain     INTEGER NOT NULL DEFAULT 0,
    reason    TEXT NOT NULL DEFAULT '',
    sent_at   INTEGER NOT NULL DEFAULT 0,
    edited_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (platform, key)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (lane, id) WHERE wanted > sent_rev;
CREATE INDEX outbox_lane ON outbox (lane, id);
CREATE INDEX outbox_room ON outbox (platform, room, id) WHERE (thread = '' OR room <> 'operations');

CREATE TABLE button (
    id       TEXT PRIMARY KEY,
    incident INTEGER NOT NULL,
    message  TEXT NOT NULL,
    verb     TEXT NOT NULL,
    step     TEXT NOT NULL,
    arg      TEXT,
    person   TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- Due rows with a lease (seam 4). lease_until is 0 while nobody holds the row;
-- again_at is the due time of a wake-up that came while somebody did.
CREATE TABLE wake (
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    due_at      INTEGER NOT NULL,
    priority    INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    term        INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    again_at    INTEGER,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_due ON wake (kind, priority, due_at);
CREATE INDEX wake_soon ON wake (kind, due_at);

-- Every change in the one order that all readers see.
CREATE TABLE feed (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    incident TEXT NOT NULL,
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE feed;
DROP TABLE wake;
DROP TABLE button;
DROP TABLE outbox;
DROP TABLE inbox;
DROP TABLE nudge;
DROP TABLE step;
DROP TABLE tombstone;
DROP TABLE source;
DROP TABLE entry;
DROP TABLE incident;
DROP TABLE note;
DROP TABLE counter;
