-- Accounts, people, bearer credentials; events; jobs; idempotency; shared counters.
-- Online migrations: the runner sets lock and statement timeouts and runs each file in one transaction, so a new
-- column must be nullable or have a constant default, and an index on a big table gets a file of its own.

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    parent_id uuid REFERENCES accounts (id),
    email text NOT NULL,
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    company_name text NOT NULL DEFAULT '',
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX accounts_parent ON accounts (parent_id, id DESC) WHERE parent_id IS NOT NULL;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    email_folded text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE members (
    account_id uuid NOT NULL REFERENCES accounts (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL CHECK (role IN ('owner', 'member')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, user_id)
);
CREATE INDEX members_user ON members (user_id);

-- Every bearer credential: API tokens now, OAuth tokens and JWT grants later. Only hashes are kept.
CREATE TABLE credentials (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    kind text NOT NULL CHECK (kind IN ('api', 'oauth', 'jwt')),
    token_hash bytea NOT NULL UNIQUE,
    hint text NOT NULL,
    name text NOT NULL DEFAULT '',
    app_id uuid,
    scopes text NOT NULL DEFAULT '*',
    created_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX credentials_account ON credentials (account_id, id DESC);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Attempts within a window, shared by all processes: sign-in throttle now, rate limits later.
CREATE TABLE counters (
    name text NOT NULL,
    window_start timestamptz NOT NULL,
    count integer NOT NULL,
    PRIMARY KEY (name, window_start)
);

-- `object_id` is what the request made; or, where the answer itself is kept for repeats, who holds the lease under which
-- it is being carried out. No answer beside a status: it held a secret.
CREATE TABLE idempotency_keys (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    key_hash bytea NOT NULL,
    operation text NOT NULL,
    body_hash bytea NOT NULL,
    object_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    leased_until timestamptz,
    status smallint,
    answer bytea,
    PRIMARY KEY (account_id, mode, key_hash)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- What happened. No foreign key to accounts here or in other hot tables: its lock on one account's row would make
-- that row the bottleneck of a busy account. `xid` lets readers by position wait for transactions still open; it is
-- the first column because defaults are evaluated in order: whoever holds a position already holds a visible xid.
CREATE TABLE events (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    position bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    mode text NOT NULL,
    name text NOT NULL,
    object_id uuid NOT NULL,
    seq integer NOT NULL,
    actor text NOT NULL,
    payload text,
    shape_version smallint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
-- Also what makes the replay of a batch harmless: the same event is not written twice.
CREATE UNIQUE INDEX events_page ON events (account_id, mode, id, created_at);
CREATE INDEX events_position ON events (position);

-- `attempts` counts claims and is the fence: who holds an older number may no longer finish the job. `failures`
-- counts what the retry policy counts. A leased job has `leased_by` and its lease's end in `run_at`; a job that waits
-- behind another of its key is parked at run_at = infinity, outside jobs_due (see jobs/claims.py).
CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane text NOT NULL,
    kind text NOT NULL,
    key text,
    payload jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL,
    leased_by text,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX jobs_due ON jobs (lane, run_at, id) WHERE run_at < 'infinity';
-- The first entry of a key is the job whose turn it is: the leased one, else the oldest.
CREATE INDEX jobs_turn ON jobs (key, (leased_by IS NULL), id) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX jobs_one_running_per_key ON jobs (key) WHERE leased_by IS NOT NULL;

CREATE TABLE dead_jobs (
    id bigint PRIMARY KEY,
    lane text NOT NULL,
    kind text NOT NULL,
    key text,
    payload jsonb NOT NULL,
    attempts integer NOT NULL,
    failures integer NOT NULL,
    last_error text NOT NULL,
    created_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL
);

CREATE TABLE job_schedule (
    kind text PRIMARY KEY,
    next_run_at timestamptz NOT NULL,
    last_run_at timestamptz
);
