-- Partner apps, and the accounts that are connected to them. Who an app acts for is known low in the house, because
-- orders show an app's name and webhooks may go to an app's endpoint.
CREATE TABLE apps (
    id uuid PRIMARY KEY,
    -- The partner's own account.
    account_id uuid NOT NULL REFERENCES accounts (id),
    name text NOT NULL,
    site_url text NOT NULL DEFAULT '',
    client_id text NOT NULL UNIQUE,
    secret_hash bytea NOT NULL,
    secret_hint text NOT NULL,
    -- After a rotation the secret before works until then, if its owner wished so.
    previous_secret_hash bytea,
    previous_secret_until timestamptz,
    -- Key of the file store.
    logo_key text,
    redirect_uris text[] NOT NULL,
    -- An app that is not live yet gets test grants only.
    live boolean NOT NULL DEFAULT false,
    -- The operator's word: certified apps are listed and show their logo; approved ones need no verified origins.
    certified boolean NOT NULL DEFAULT false,
    approved boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE INDEX apps_account ON apps (account_id, id DESC);

-- Sites whose pages may show the app's connect page in a frame, once it is known that they are the partner's.
CREATE TABLE app_origins (
    app_id uuid NOT NULL REFERENCES apps (id),
    origin text NOT NULL,
    -- In the order they were given.
    position integer NOT NULL,
    challenge text NOT NULL,
    verified_at timestamptz,
    PRIMARY KEY (app_id, origin)
);

CREATE TABLE connections (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    app_id uuid NOT NULL REFERENCES apps (id),
    -- What was granted, separated by spaces; `*` is everything.
    scopes text NOT NULL,
    created_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by text
);
CREATE UNIQUE INDEX connections_current ON connections (app_id, account_id, mode) WHERE ended_at IS NULL;
CREATE INDEX connections_account ON connections (account_id, mode, id DESC);

ALTER TABLE credentials ADD COLUMN connection_id uuid REFERENCES connections (id);
CREATE INDEX credentials_connection ON credentials (connection_id) WHERE connection_id IS NOT NULL;
