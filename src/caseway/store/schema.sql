-- Everything that Caseway keeps. Explained in docs/explanation/protocol.md; the words are the glossary's.
-- Every key begins with the organisation; policies at the end keep organisations apart.

CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key_fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE installation IS 'Which secret key this database was written with.';

CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connection (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    base_url text NOT NULL CHECK (base_url <> ''),
    identity_url text NOT NULL DEFAULT '',
    platform text NOT NULL DEFAULT 'detect' CHECK (platform IN ('detect', 'framework', 'core')),
    found_platform text CHECK (found_platform IN ('framework', 'core')),
    auth text NOT NULL CHECK (auth IN ('oauth', 'forms')),
    login text NOT NULL,
    secret bytea NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    trouble text,
    trouble_since timestamptz,
    last_success_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX connection_name ON connection (organisation_id, name) WHERE removed_at IS NULL;
COMMENT ON COLUMN connection.login IS 'Client id (oauth) or user name (forms).';
COMMENT ON COLUMN connection.secret IS 'Client secret or password, encrypted.';

CREATE TABLE webhook_token (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    public_name text NOT NULL UNIQUE CHECK (length(public_name) = 8),
    digest bytea NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);
CREATE INDEX webhook_token_connection ON webhook_token (organisation_id, connection_id);

CREATE TABLE channel (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('api', 'widget')),
    name text NOT NULL CHECK (name <> ''),
    settings jsonb NOT NULL DEFAULT '{}',
    secret bytea,
    former_secrets bytea[] NOT NULL DEFAULT '{}',
    former_until timestamptz[] NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CHECK (cardinality(former_secrets) = cardinality(former_until)),
    UNIQUE (id),
    UNIQUE (organisation_id, id, connection_id),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);
CREATE UNIQUE INDEX channel_name ON channel (organisation_id, name) WHERE removed_at IS NULL;
COMMENT ON TABLE channel IS 'A channel account: one widget, one API client, one mailbox.';
COMMENT ON COLUMN channel.former_secrets IS 'Replaced ones, the newest first; each holds as well until its place in former_until.';

CREATE TABLE api_key (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    public_name text NOT NULL UNIQUE CHECK (length(public_name) = 8),
    digest bytea NOT NULL,
    scopes text[] NOT NULL CHECK (scopes <> '{}' AND scopes <@ ARRAY['read', 'write']),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    last_used_at timestamptz,
    last_used_from text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX api_key_name ON api_key (organisation_id, name) WHERE revoked_at IS NULL;

CREATE TABLE contact (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    verified boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- what a search compares, byte by byte: its beginning is a range of an index
    name_key text COLLATE "C" NOT NULL DEFAULT '',
    email_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX contact_email ON contact (organisation_id, email_key) WHERE email_key <> '';
CREATE INDEX contact_phone ON contact (organisation_id, phone COLLATE "C") WHERE phone <> '';
CREATE INDEX contact_name ON contact (organisation_id, name_key) WHERE name_key <> '';
COMMENT ON COLUMN contact.name_key IS
    'domain/finding.py: no accents, no capitals. Columns, not expressions: under a policy a function keeps an index from being used.';

CREATE TABLE contact_word (
    organisation_id uuid NOT NULL,
    word text COLLATE "C" NOT NULL CHECK (word <> ''),
    contact_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, word, contact_id),
    FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
        ON DELETE CASCADE
);
CREATE INDEX contact_word_contact ON contact_word (organisation_id, contact_id);
COMMENT ON TABLE contact_word IS 'The later words of a contact''s name, by which it is found as well.';

CREATE TABLE contact_link (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    remote_id uuid NOT NULL,
    PRIMARY KEY (organisation_id, connection_id, contact_id),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id),
    FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
);
COMMENT ON TABLE contact_link IS 'contact ↔ Contact in Creatio.';

CREATE TABLE peer (
    organisation_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    peer text NOT NULL CHECK (peer <> '' AND octet_length(peer) <= 512),
    contact_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, channel_id, peer),
    FOREIGN KEY (organisation_id, channel_id) REFERENCES channel (organisation_id, id),
    FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id)
);
COMMENT ON TABLE peer IS 'Somebody on a channel account; the lock for intake.';

CREATE TABLE conversation (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    peer text NOT NULL,
    address text NOT NULL,
    contact_id uuid NOT NULL,
    earlier_id uuid,
    state text NOT NULL CHECK (state IN ('ai', 'waiting', 'human', 'resolved')),
    created_at timestamptz NOT NULL DEFAULT now(),
    state_since timestamptz NOT NULL DEFAULT now(),
    said_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    -- the mark, the lease
    due_at timestamptz,
    lease_epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    starts int NOT NULL DEFAULT 0,
    hints int NOT NULL DEFAULT 0,
    hints_taken int NOT NULL DEFAULT 0,
    failures int NOT NULL DEFAULT 0,
    parked_at timestamptz,
    parked_reason text CHECK ((parked_at IS NULL) = (parked_reason IS NULL)),
    -- the case
    case_id uuid,
    case_ordinal int NOT NULL DEFAULT 1,
    case_number text NOT NULL DEFAULT '',
    wants_case boolean NOT NULL,
    -- what both sides agreed on last
    agreed text CHECK (agreed IN ('open', 'resolved')),
    agreed_status uuid,
    last_open_status uuid,
    held_status uuid,
    reopened_status uuid,
    left_open boolean NOT NULL DEFAULT false,
    agent_replied boolean NOT NULL DEFAULT false,
    reopenings timestamptz[] NOT NULL DEFAULT '{}',
    claim_event uuid,
    -- positions
    last_position bigint NOT NULL DEFAULT 0,
    last_contact_position bigint NOT NULL DEFAULT 0,
    last_own_position bigint NOT NULL DEFAULT 0,
    linked_through bigint NOT NULL DEFAULT 0,
    covered_through bigint NOT NULL DEFAULT 0,
    read_through timestamptz,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, id, channel_id),
    UNIQUE (organisation_id, id, channel_id, address),
    FOREIGN KEY (organisation_id, channel_id, connection_id)
        REFERENCES channel (organisation_id, id, connection_id),
    FOREIGN KEY (organisation_id, channel_id, peer) REFERENCES peer (organisation_id, channel_id, peer),
    FOREIGN KEY (organisation_id, contact_id) REFERENCES contact (organisation_id, id),
    FOREIGN KEY (organisation_id, earlier_id) REFERENCES conversation (organisation_id, id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX conversation_open ON conversation (organisation_id, channel_id, peer)
    WHERE state <> 'resolved';
CREATE UNIQUE INDEX conversation_case ON conversation (organisation_id, connection_id, case_id)
    WHERE case_id IS NOT NULL;
CREATE INDEX conversation_agreed_open ON conversation (organisation_id, connection_id, case_id)
    WHERE agreed = 'open';
CREATE INDEX conversation_peer ON conversation (organisation_id, channel_id, peer, created_at DESC);
CREATE INDEX conversation_listed ON conversation (organisation_id, channel_id, state, said_at DESC, id DESC);
CREATE INDEX conversation_number ON conversation (organisation_id, case_number COLLATE "C")
    WHERE case_number <> '';
CREATE INDEX conversation_newest ON conversation (organisation_id, created_at DESC, id DESC);
CREATE INDEX conversation_contact ON conversation (organisation_id, contact_id);
CREATE INDEX conversation_due ON conversation (due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX conversation_leased ON conversation (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX conversation_parked ON conversation (organisation_id, parked_at) WHERE parked_at IS NOT NULL;
COMMENT ON COLUMN conversation.said_at IS 'When its last message was kept: what the inbox is ordered by.';
COMMENT ON COLUMN conversation.due_at IS 'The mark: when the next look is due; null = none.';
COMMENT ON COLUMN conversation.lease_until IS 'Null = released.';
COMMENT ON COLUMN conversation.hints IS 'What is worth reading: 1 activities, 2 the case, 4 earlier cases, 8 all of it.';
COMMENT ON COLUMN conversation.covered_through IS 'Position up to which a closure may end messages.';
COMMENT ON COLUMN conversation.read_through IS 'Creatio''s time up to which activities were read.';
COMMENT ON COLUMN conversation.left_open IS 'Resolved here with no status to write: a returning customer takes the case over.';

CREATE TABLE case_link (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    case_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    ordinal int NOT NULL,
    number text NOT NULL DEFAULT '',
    given_up_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, connection_id, case_id, conversation_id),
    FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversation (organisation_id, id)
);
CREATE INDEX case_link_number ON case_link (organisation_id, number COLLATE "C") WHERE number <> '';
CREATE INDEX case_link_conversation ON case_link (organisation_id, conversation_id);
COMMENT ON TABLE case_link IS 'Earlier cases of a conversation.';

CREATE TABLE message (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    peer text NOT NULL,
    author text NOT NULL CHECK (author IN ('contact', 'ai', 'agent', 'system')),
    author_name text NOT NULL DEFAULT '',
    kind text NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'handoff', 'closing', 'failure')),
    text text NOT NULL,
    position bigint NOT NULL,
    provider_id text NOT NULL DEFAULT '',
    written_at timestamptz NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, conversation_id, position),
    UNIQUE (organisation_id, id, conversation_id, channel_id),
    FOREIGN KEY (organisation_id, conversation_id, channel_id)
        REFERENCES conversation (organisation_id, id, channel_id)
);
CREATE INDEX message_came_in ON message (organisation_id, channel_id, kept_at DESC)
    WHERE author = 'contact';
CREATE UNIQUE INDEX message_identity ON message (organisation_id, channel_id, peer, provider_id)
    WHERE provider_id <> '';

CREATE TABLE link (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    activity_id uuid NOT NULL,
    message_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    ordinal int NOT NULL,
    origin text NOT NULL CHECK (origin IN ('ours', 'theirs')),
    created_on timestamptz,
    linked_at timestamptz,
    refused_at timestamptz,
    refusal text,
    PRIMARY KEY (organisation_id, connection_id, activity_id),
    UNIQUE (organisation_id, message_id, ordinal),
    FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversation (organisation_id, id),
    CHECK (origin = 'ours' OR linked_at IS NOT NULL),
    CHECK ((refused_at IS NULL) = (refusal IS NULL))
);
CREATE INDEX link_owed ON link (organisation_id, conversation_id) WHERE linked_at IS NULL;
CREATE INDEX link_refused ON link (organisation_id, refused_at) WHERE refused_at IS NOT NULL;
COMMENT ON TABLE link IS
    'message ↔ activity: planned (linked_at null) or proven. A reply enters once by the primary key. Outlives erasure: no key to message.';

CREATE TABLE delivery (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    message_id uuid NOT NULL,
    address text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('owed', 'sending', 'unknown', 'sent', 'delivered', 'read', 'failed')),
    order_on timestamptz NOT NULL,
    order_id uuid NOT NULL,
    not_before timestamptz NOT NULL,
    owed_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,
    possible_double boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    tried_at timestamptz, -- when the last attempt ended, whose reason that is
    settled_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    UNIQUE (organisation_id, message_id),
    FOREIGN KEY (organisation_id, message_id, conversation_id, channel_id)
        REFERENCES message (organisation_id, id, conversation_id, channel_id),
    FOREIGN KEY (organisation_id, conversation_id, channel_id, address)
        REFERENCES conversation (organisation_id, id, channel_id, address)
) WITH (fillfactor = 80);
CREATE INDEX delivery_unsettled ON delivery (organisation_id, conversation_id, order_on, order_id)
    WHERE state IN ('owed', 'sending', 'unknown');
CREATE INDEX delivery_went_out ON delivery (organisation_id, channel_id, settled_at DESC)
    WHERE state IN ('sent', 'delivered', 'read');
CREATE INDEX delivery_failed ON delivery (organisation_id, settled_at) WHERE state = 'failed';
CREATE INDEX delivery_failed_of ON delivery (organisation_id, conversation_id) WHERE state = 'failed';
CREATE INDEX delivery_standing ON delivery (organisation_id, state, owed_at, id)
    WHERE state IN ('owed', 'sending', 'unknown', 'failed');

CREATE TABLE attempt (
    organisation_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number int NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    became text NOT NULL DEFAULT 'sending',
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, delivery_id, number)
);
COMMENT ON TABLE attempt IS
    'No foreign key: it cost more than any other, and a delivery is never deleted alone.';

CREATE TABLE webhook_event (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    found_by text NOT NULL DEFAULT 'webhook' CHECK (found_by IN ('webhook', 'sweep', 'test')),
    token_name text NOT NULL DEFAULT '',
    source text NOT NULL DEFAULT '',
    event_type text NOT NULL DEFAULT '',
    case_id uuid,
    conversation_id uuid,
    outcome text NOT NULL
        CHECK (outcome IN ('accepted', 'ignored', 'nothing_new', 'healed', 'rejected')),
    reason text NOT NULL DEFAULT '',
    body bytea NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, received_at, id)
) PARTITION BY RANGE (received_at);
CREATE INDEX webhook_event_id ON webhook_event (organisation_id, id);
CREATE INDEX webhook_event_swept ON webhook_event (organisation_id, connection_id, received_at)
    WHERE found_by = 'sweep';
CREATE INDEX webhook_event_conversation ON webhook_event (organisation_id, conversation_id, received_at)
    WHERE conversation_id IS NOT NULL;
-- Most events are accepted: they are found by time, and pay nothing for this.
CREATE INDEX webhook_event_outcome ON webhook_event (organisation_id, outcome, received_at, id)
    WHERE outcome <> 'accepted';

CREATE TABLE event_count (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    per text NOT NULL CHECK (per IN ('minute', 'hour')),
    at timestamptz NOT NULL,
    outcome text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (organisation_id, per, at, outcome)
);
COMMENT ON TABLE event_count IS
    'How many events came, by outcome: counted after the fact, so that no receiver waits for it.';

CREATE TABLE event_counted (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    through timestamptz NOT NULL
);
COMMENT ON TABLE event_counted IS 'Up to when events are counted, of all organisations.';
INSERT INTO event_counted (through) VALUES (date_trunc('minute', now()));

CREATE TABLE replay_order (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    about text NOT NULL,
    events int NOT NULL,
    looks int NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped', 'done')),
    resting uuid[] NOT NULL DEFAULT '{}',
    ordered_by text NOT NULL,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX replay_order_running ON replay_order (ordered_at) WHERE state = 'running';
CREATE INDEX replay_order_newest ON replay_order (organisation_id, ordered_at DESC);
COMMENT ON TABLE replay_order IS
    'A person''s word to look again at the conversations of some events; survives every process.';
COMMENT ON COLUMN replay_order.resting IS 'Connections whose looks are not begun now: their calls of the day are used up.';

CREATE TABLE replay_look (
    organisation_id uuid NOT NULL,
    order_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    since timestamptz NOT NULL,
    marked_at timestamptz,
    epoch bigint,
    ended_at timestamptz,
    became text NOT NULL DEFAULT '' CHECK (became IN ('', 'looked', 'waits', 'stopped')),
    PRIMARY KEY (organisation_id, order_id, conversation_id),
    FOREIGN KEY (organisation_id, order_id) REFERENCES replay_order (organisation_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, conversation_id) REFERENCES conversation (organisation_id, id)
        ON DELETE CASCADE,
    CHECK ((marked_at IS NULL) = (epoch IS NULL)),
    CHECK ((ended_at IS NULL) = (became = ''))
);
CREATE INDEX replay_look_owed ON replay_look (organisation_id, order_id, since)
    WHERE marked_at IS NULL;
CREATE INDEX replay_look_begun ON replay_look (organisation_id, order_id)
    WHERE marked_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX replay_look_conversation ON replay_look (organisation_id, conversation_id);
COMMENT ON COLUMN replay_look.since IS 'The oldest of its events: activities changed since are read again.';
COMMENT ON COLUMN replay_look.epoch IS 'The conversation''s lease when it was marked: a later one has looked.';

CREATE TABLE run (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    steps jsonb NOT NULL,
    PRIMARY KEY (organisation_id, begun_at, id)
) PARTITION BY RANGE (begun_at);
CREATE INDEX run_conversation ON run (organisation_id, conversation_id, begun_at);
COMMENT ON TABLE run IS 'The journal: what one look at a conversation found and did, and why.';

CREATE TABLE sweep_cursor (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    entity text NOT NULL CHECK (entity IN ('Activity', 'Case', 'OpenCases')),
    watermark timestamptz,
    overlap interval NOT NULL DEFAULT interval '5 minutes',
    compared_through uuid,
    next_at timestamptz NOT NULL DEFAULT now(),
    swept_at timestamptz,
    lease_epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    trouble text,
    PRIMARY KEY (organisation_id, connection_id, entity),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);
COMMENT ON COLUMN sweep_cursor.overlap IS
    'How far back each question reaches; grows where Creatio''s stamps are off its own clock.';
COMMENT ON COLUMN sweep_cursor.compared_through IS
    'OpenCases: the case up to which this night''s comparison has come; null = it begins anew.';

CREATE TABLE sweep_seen (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    entity text NOT NULL CHECK (entity IN ('Activity', 'Case')),
    record_id uuid NOT NULL,
    modified_on timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, connection_id, entity, record_id)
);
CREATE INDEX sweep_seen_old ON sweep_seen (organisation_id, connection_id, entity, modified_on);

CREATE TABLE call_count (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    calls bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, connection_id, day, kind),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);

CREATE TABLE webhook_arrival (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    token_name text NOT NULL,
    event_type text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    calls bigint NOT NULL,
    without_case bigint NOT NULL,
    rejected bigint NOT NULL,
    PRIMARY KEY (organisation_id, connection_id, token_name, event_type),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);
COMMENT ON TABLE webhook_arrival IS
    'What Creatio called us with, by token and event type: the waiting lights. Figures, never truth: summed in memory, written once a second. An empty type: a call that nobody could read.';

CREATE TABLE connection_test (
    organisation_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    tested_at timestamptz NOT NULL,
    tested_by text NOT NULL,
    checks jsonb NOT NULL,
    PRIMARY KEY (organisation_id, connection_id),
    FOREIGN KEY (organisation_id, connection_id) REFERENCES connection (organisation_id, id)
);
COMMENT ON TABLE connection_test IS 'The last test of each connection, as its page shows it. No foreign text.';

CREATE TABLE dismissal (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    subject text NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, subject)
);
COMMENT ON TABLE dismissal IS 'What somebody has put away, such as the getting-started steps.';

CREATE TABLE refusal_count (
    public_name text NOT NULL,
    source text NOT NULL,
    day date NOT NULL,
    refusals bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, public_name, source)
);
COMMENT ON TABLE refusal_count IS 'Webhook calls with a wrong token: counted, never stored.';

CREATE TABLE idempotency (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    key text NOT NULL,
    route text NOT NULL,
    fingerprint bytea NOT NULL,
    status int NOT NULL,
    answer bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, key)
);

CREATE TABLE widget_session (
    organisation_id uuid NOT NULL,
    channel_id uuid NOT NULL,
    public_name text NOT NULL UNIQUE CHECK (length(public_name) = 16),
    digest bytea NOT NULL,
    peer text NOT NULL,
    identified boolean NOT NULL DEFAULT false,
    name text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, channel_id, public_name),
    FOREIGN KEY (organisation_id, channel_id) REFERENCES channel (organisation_id, id)
);

CREATE TABLE rate_window (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    subject text NOT NULL,
    begun_at timestamptz NOT NULL,
    used int NOT NULL,
    PRIMARY KEY (organisation_id, subject)
);

CREATE TABLE user_account (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    email text NOT NULL CHECK (email <> '' AND email = lower(email)),
    name text NOT NULL CHECK (name <> ''),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
    password text,
    theme text NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    last_seen_at timestamptz,
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX user_account_email ON user_account (email);
COMMENT ON TABLE user_account IS
    'Who signs in. An address belongs to one person of one organisation: it says which.';
COMMENT ON COLUMN user_account.password IS 'Argon2id; null = single sign-on or a link only.';

CREATE TABLE user_session (
    organisation_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    public_name text NOT NULL UNIQUE CHECK (length(public_name) = 8),
    digest bytea NOT NULL,
    source text NOT NULL DEFAULT '',
    agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES user_account (organisation_id, id)
);
CREATE INDEX user_session_user ON user_session (organisation_id, user_id);
COMMENT ON TABLE user_session IS 'Who is signed in, and where. One that ended is deleted.';

CREATE TABLE invitation (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    public_name text NOT NULL UNIQUE CHECK (length(public_name) = 8),
    digest bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('first', 'join', 'reset')),
    email text NOT NULL DEFAULT '' CHECK (email = lower(email)),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'agent', 'viewer')),
    user_id uuid,
    invited_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, user_id) REFERENCES user_account (organisation_id, id),
    CHECK ((kind = 'reset') = (user_id IS NOT NULL)),
    CHECK (kind <> 'first' OR role = 'owner')
);
CREATE INDEX invitation_open ON invitation (organisation_id, created_at) WHERE ended_at IS NULL;
CREATE INDEX invitation_to ON invitation (email) WHERE ended_at IS NULL AND kind = 'join';
COMMENT ON TABLE invitation IS
    'Links that work once: to make the first owner, to join, to set a new password.';
COMMENT ON COLUMN invitation.email IS 'Empty = whoever has the link says their own.';

CREATE TABLE sign_in_try (
    subject text PRIMARY KEY,
    tries int NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX sign_in_try_old ON sign_in_try (last_at);
COMMENT ON TABLE sign_in_try IS
    'Sign-ins that did not succeed, by address and by digest of the email; of no organisation, since none is known yet.';

CREATE TABLE audit_entry (
    organisation_id uuid NOT NULL REFERENCES organisation (id),
    id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    source text NOT NULL DEFAULT '',
    before jsonb,
    after jsonb,
    PRIMARY KEY (organisation_id, id)
);
CREATE INDEX audit_entry_newest ON audit_entry (organisation_id, at DESC, id DESC);
CREATE INDEX audit_entry_subject ON audit_entry (organisation_id, subject, at DESC);
COMMENT ON COLUMN audit_entry.source IS 'The address it was done from; empty = on the machine itself.';

-- Partitions by day. A default partition holds what no day was made for, so that nothing is refused.
CREATE TABLE webhook_event_other PARTITION OF webhook_event DEFAULT;
CREATE TABLE run_other PARTITION OF run DEFAULT;

CREATE FUNCTION prepare_days(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    day date;
    made int := 0;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(738165);
    FOREACH parent IN ARRAY ARRAY['webhook_event', 'run'] LOOP
        FOR day IN SELECT generate_series(current_date, current_date + ahead, interval '1 day')::date LOOP
            name := parent || '_' || to_char(day, 'YYYYMMDD');
            IF to_regclass('public.' || name) IS NULL THEN
                BEGIN
                    EXECUTE format(
                        'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                        name, parent, day::timestamp AT TIME ZONE 'UTC',
                        (day + 1)::timestamp AT TIME ZONE 'UTC');
                    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
                    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO caseway_sync', name);
                    EXECUTE format('CREATE POLICY sync_all ON %I TO caseway_sync USING (true)', name);
                    made := made + 1;
                EXCEPTION WHEN check_violation THEN
                    NULL; -- rows of that day already stand in the default partition: they stay there
                END;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION drop_days(parent text, keep_days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part record;
    dropped int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(738165);
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = CASE parent WHEN 'webhook_event' THEN 'webhook_event'::regclass
                                         WHEN 'run' THEN 'run'::regclass END
           AND c.relname ~ '_[0-9]{8}$'
           AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep_days
    LOOP
        EXECUTE format('DROP TABLE %I', part.relname);
        dropped := dropped + 1;
    END LOOP;
    -- What no day had been made for.
    IF parent = 'run' THEN
        DELETE FROM run_other WHERE begun_at < current_date - keep_days;
    ELSE
        DELETE FROM webhook_event_other WHERE received_at < current_date - keep_days;
    END IF;
    RETURN dropped;
END $$;

-- What the web may ask before it knows the organisation: by secrets' public names and by channel.
CREATE FUNCTION find_api_key(name text)
RETURNS TABLE (organisation_id uuid, id uuid, digest bytea, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.organisation_id, k.id, k.digest, k.scopes FROM api_key k
     WHERE k.public_name = find_api_key.name AND k.revoked_at IS NULL
$$;
CREATE FUNCTION find_widget_session(name text)
RETURNS TABLE (organisation_id uuid, channel_id uuid, digest bytea, peer text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.organisation_id, s.channel_id, s.digest, s.peer FROM widget_session s
     WHERE s.public_name = find_widget_session.name
$$;
-- A wrong token belongs to nobody; where there is one organisation, it was meant for that one.
CREATE FUNCTION is_only_organisation() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) = 1 FROM (SELECT 1 FROM organisation LIMIT 2) o
$$;
CREATE FUNCTION find_channel_organisation(channel uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.organisation_id FROM channel c WHERE c.id = channel AND c.removed_at IS NULL
$$;
CREATE FUNCTION find_user(address text)
RETURNS TABLE (organisation_id uuid, id uuid, name text, role text, password text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.organisation_id, u.id, u.name, u.role, u.password FROM user_account u
     WHERE u.email = lower(address) AND u.disabled_at IS NULL
$$;
CREATE FUNCTION find_user_session(shown text)
RETURNS TABLE (organisation_id uuid, id uuid, digest bytea, last_seen_at timestamptz,
    expires_at timestamptz, user_id uuid, email text, name text, role text, theme text,
    time_zone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.organisation_id, s.id, s.digest, s.last_seen_at, s.expires_at,
           u.id, u.email, u.name, u.role, u.theme,
           -- of the oldest connection: one clock for an organisation's pages
           coalesce((SELECT c.settings ->> 'time_zone' FROM connection c
                      WHERE c.organisation_id = s.organisation_id AND c.removed_at IS NULL
                      ORDER BY c.created_at, c.id LIMIT 1), 'UTC')
      FROM user_session s
      JOIN user_account u ON u.organisation_id = s.organisation_id AND u.id = s.user_id
     WHERE s.public_name = shown AND u.disabled_at IS NULL
$$;
CREATE FUNCTION find_invitation(shown text)
RETURNS TABLE (organisation_id uuid, id uuid, digest bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.organisation_id, i.id, i.digest FROM invitation i WHERE i.public_name = shown
$$;
CREATE FUNCTION find_invitation_to(address text) RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.organisation_id, i.id FROM invitation i
     WHERE i.email = lower(address) AND i.email <> '' AND i.kind = 'join'
       AND i.ended_at IS NULL AND i.expires_at > now()
     ORDER BY i.created_at DESC LIMIT 1
$$;

-- Organisations are apart in the database itself.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id'
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY sync_all ON %I TO caseway_sync USING (true)', name);
        EXECUTE format(
            'CREATE POLICY web_own ON %I TO caseway_web USING (organisation_id = '
            || 'nullif(current_setting(''caseway.organisation'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO caseway_sync, caseway_web', name);
    END LOOP;
END $$;
ALTER TABLE organisation ENABLE ROW LEVEL SECURITY;
CREATE POLICY sync_all ON organisation TO caseway_sync USING (true);
CREATE POLICY web_own ON organisation TO caseway_web
    USING (id = nullif(current_setting('caseway.organisation', true), '')::uuid);
GRANT SELECT ON organisation TO caseway_sync, caseway_web;
GRANT SELECT ON installation TO caseway_sync, caseway_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON refusal_count TO caseway_sync;
GRANT SELECT ON refusal_count TO caseway_web;
GRANT SELECT ON event_counted TO caseway_web;
GRANT SELECT, UPDATE ON event_counted TO caseway_sync;
REVOKE UPDATE, DELETE ON audit_entry FROM caseway_web, caseway_sync;
-- People are the web's alone: whoever broke into the worker could not sign in as anybody.
REVOKE ALL ON user_account, user_session, invitation FROM caseway_sync;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_try TO caseway_web;
REVOKE ALL ON FUNCTION find_user(text), find_user_session(text), find_invitation(text),
    find_invitation_to(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_user(text), find_user_session(text), find_invitation(text),
    find_invitation_to(text) TO caseway_web;
REVOKE ALL ON FUNCTION prepare_days(int), drop_days(text, int), find_api_key(text),
    find_widget_session(text), find_channel_organisation(uuid), is_only_organisation() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prepare_days(int), drop_days(text, int) TO caseway_sync;
GRANT EXECUTE ON FUNCTION find_api_key(text), find_widget_session(text),
    find_channel_organisation(uuid), is_only_organisation() TO caseway_web, caseway_sync;
