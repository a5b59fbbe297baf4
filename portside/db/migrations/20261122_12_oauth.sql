-- The OAuth protocol between "connect" and a token. Names and codes are kept as hashes: who reads a backup can finish
-- nobody's sign-in and redeem nobody's code.

-- One person's way through the connect page; it takes no cookie, so its name travels in the page's form only and
-- changes when somebody signs in. The row goes when the way is finished.
CREATE TABLE oauth_interactions (
    handle_hash bytea PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    redirect_uri text NOT NULL,
    -- Whether the app named it: then it must name the same one for its token (RFC 6749 §4.1.3).
    redirect_uri_given boolean NOT NULL,
    -- The site whose page shows ours in a frame; none at top level.
    origin text,
    scopes text NOT NULL,
    state text,
    -- base64url of a SHA-256 (RFC 7636, S256).
    code_challenge text,
    prefill jsonb NOT NULL DEFAULT '{}',
    utm_source text NOT NULL DEFAULT '',
    user_id uuid REFERENCES users (id),
    account_id uuid REFERENCES accounts (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX oauth_interactions_expiry ON oauth_interactions (expires_at);

-- A redeemed code stays until it would have been forgotten anyway, so that its second use is seen.
CREATE TABLE oauth_codes (
    code_hash bytea PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES apps (id),
    connection_id uuid NOT NULL REFERENCES connections (id),
    redirect_uri text NOT NULL,
    redirect_uri_given boolean NOT NULL,
    code_challenge text,
    scopes text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- The token that was made from it.
    credential_id uuid REFERENCES credentials (id)
);
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at);
CREATE INDEX oauth_codes_connection ON oauth_codes (connection_id) WHERE used_at IS NULL;
