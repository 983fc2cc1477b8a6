-- What the first version of the store made, and the day of one record. It stays as it is: databases are.
CREATE SCHEMA portcullis;
CREATE TABLE portcullis.migration (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());
CREATE TABLE portcullis.receipt (
    id uuid PRIMARY KEY,            -- of its text: the first half of a SHA-256
    json text NOT NULL
);
CREATE TABLE portcullis.record (
    time timestamptz NOT NULL,
    node text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    kind smallint NOT NULL,
    request_id uuid NOT NULL,
    sync boolean NOT NULL,
    late boolean NOT NULL,
    direction smallint NOT NULL,
    status integer NOT NULL,
    source text NOT NULL,
    user_name text NOT NULL,
    team text NOT NULL,
    model text NOT NULL,
    client_ip text NOT NULL,
    principal text NOT NULL,
    session text NOT NULL,
    tool text NOT NULL,
    server text NOT NULL,
    enforced boolean NOT NULL,
    analysis smallint NOT NULL,
    -- Null while pending:
    action smallint,
    verdict smallint,
    duration_us bigint,
    violations_total bigint,
    message text,
    violations text,                -- JSON; null when there are none
    receipt uuid,
    segments_total bigint,
    segments_scanned bigint,
    segments_unchanged bigint,
    bytes_total bigint,
    bytes_scanned bigint,
    bytes_unchanged bigint,
    -- Why there is no payload where there was one:
    fault smallint,
    masked boolean NOT NULL,
    request_is_text boolean NOT NULL,
    request bytea,
    response_is_text boolean NOT NULL,
    response bytea,
    envelope bytea,
    PRIMARY KEY (time, node, seq)
) PARTITION BY RANGE (time);
CREATE INDEX record_id ON portcullis.record (node, seq);
CREATE INDEX record_request ON portcullis.record (request_id);
CREATE INDEX record_user ON portcullis.record (left(user_name, 200), time) WHERE user_name <> '';
CREATE INDEX record_session ON portcullis.record (left(session, 200), time) WHERE session <> '';
CREATE INDEX record_flagged ON portcullis.record (time) WHERE action > 0;
CREATE INDEX record_late ON portcullis.record (time) WHERE late;

CREATE TABLE portcullis.aggregate (
    node text COLLATE "C" NOT NULL,
    grain bigint NOT NULL,          -- seconds: 60 or 3600
    dimension bigint NOT NULL,
    start bigint NOT NULL,          -- seconds since 1970
    name text COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    flagged bigint NOT NULL,
    blocked bigint NOT NULL,
    PRIMARY KEY (grain, dimension, start, name, node)
);
CREATE TABLE portcullis.tally (
    node text COLLATE "C" NOT NULL,
    second bigint NOT NULL,
    kind bigint NOT NULL,
    action bigint NOT NULL,         -- -1: pending
    count bigint NOT NULL,
    PRIMARY KEY (second, kind, action, node)
);
CREATE TABLE portcullis.review (
    node text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    opinion smallint NOT NULL,
    note text NOT NULL,
    who text NOT NULL,
    time timestamptz NOT NULL,
    PRIMARY KEY (node, seq)
);
CREATE TABLE portcullis.reveal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    who text NOT NULL,
    time timestamptz NOT NULL
);
CREATE INDEX reveal_record ON portcullis.reveal (node, seq, id);

INSERT INTO portcullis.migration (version) VALUES (1);
CREATE TABLE portcullis.record_20260102 (LIKE portcullis.record INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE portcullis.record ATTACH PARTITION portcullis.record_20260102
    FOR VALUES FROM ('2026-01-02 00:00:00+00') TO ('2026-01-03 00:00:00+00');
