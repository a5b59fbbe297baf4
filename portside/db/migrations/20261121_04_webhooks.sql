-- Webhook subscriptions, their secrets, deliveries and attempts.

-- `failing_since` is the first failure after the last success, `last_failure_at` the latest one. Until `paused_until`
-- nothing is sent; until `slow_until` the endpoint is served apart from the quick ones.
CREATE TABLE webhooks (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    app_id uuid,
    event text NOT NULL,
    url text NOT NULL,
    active boolean NOT NULL,
    disabled_at timestamptz,
    disabled_reason text,
    failing_since timestamptz,
    last_failure_at timestamptz,
    paused_until timestamptz,
    slow_until timestamptz,
    event_seq integer NOT NULL DEFAULT 0,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

-- The secret without `expires_at` is the current one; the others sign beside it until they expire.
CREATE TABLE webhook_secrets (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    webhook_id uuid NOT NULL,
    id uuid NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (account_id, mode, webhook_id, id),
    FOREIGN KEY (account_id, mode, webhook_id) REFERENCES webhooks (account_id, mode, id) ON DELETE CASCADE
);

-- One delivery is one event for one subscription; its key makes a repeated fan-out harmless. This table is also the
-- queue: what is pending and due waits in an index of its endpoint's own, where nobody else's turn ever looks.
-- While `keeps_order`, later deliveries of the same object wait for it; after the fast retries they overtake.
CREATE TABLE webhook_deliveries (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_name text NOT NULL,
    object_id uuid NOT NULL,
    seq integer NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    due_at timestamptz NOT NULL,
    keeps_order boolean NOT NULL,
    queued_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    event_created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, webhook_id, event_id, event_created_at)
) PARTITION BY RANGE (event_created_at);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (account_id, mode, webhook_id, due_at)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_object ON webhook_deliveries (account_id, mode, webhook_id, object_id, seq)
    WHERE state = 'pending';

CREATE TABLE webhook_attempts (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    number integer NOT NULL,
    status integer,
    error text,
    request_headers jsonb NOT NULL,
    response_headers jsonb,
    response_body text,
    duration_ms integer NOT NULL,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX webhook_attempts_delivery ON webhook_attempts (account_id, mode, webhook_id, event_id, number);
