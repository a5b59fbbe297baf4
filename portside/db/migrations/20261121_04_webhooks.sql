-- Webhook subscriptions, deliveries and their attempts.

CREATE TABLE webhooks (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    app_id uuid,
    event text NOT NULL,
    url text NOT NULL,
    active boolean NOT NULL,
    secret_sealed bytea NOT NULL,
    disabled_at timestamptz,
    disabled_reason text,
    failing_since timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

-- One delivery is one event for one subscription; its key makes a repeated fan-out harmless.
CREATE TABLE webhook_deliveries (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_name text NOT NULL,
    object_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    event_created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, webhook_id, event_id, event_created_at)
) PARTITION BY RANGE (event_created_at);

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
