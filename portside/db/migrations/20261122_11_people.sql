-- People: how they come, prove their e-mail, find back in, and work together.

ALTER TABLE users ADD COLUMN email_verified_at timestamptz;
-- Whoever is here by now was let in by the operator, who knows them.
UPDATE users SET email_verified_at = created_at;
-- The account that was opened last is the one a sign-in leads to.
ALTER TABLE members ADD COLUMN opened_at timestamptz;

-- Accounts that are asked for. One exists only once the code from the mail has come back; the handle is in the form and
-- not in a cookie, so that the page works in frames too. Without a code: the e-mail has an account already, which only
-- the mail says.
CREATE TABLE sign_ups (
    id uuid PRIMARY KEY,
    handle_hash bytea NOT NULL UNIQUE,
    email text NOT NULL,
    name text NOT NULL,
    company text NOT NULL,
    password_hash text NOT NULL,
    code_mac text,
    tries integer NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX sign_ups_expiry ON sign_ups (expires_at);

-- Links that set a new password, once.
CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_user ON password_resets (user_id);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);

-- An e-mail that a person has yet to prove; it counts only then. One at a time.
CREATE TABLE email_changes (
    user_id uuid PRIMARY KEY REFERENCES users (id),
    id uuid NOT NULL,
    email text NOT NULL,
    code_mac text,
    tries integer NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX email_changes_expiry ON email_changes (expires_at);

-- `token_hash` is empty until the mail has been written.
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    email text NOT NULL,
    email_folded text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'member')),
    token_hash bytea UNIQUE,
    invited_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    cancelled_at timestamptz
);
CREATE UNIQUE INDEX invitations_open ON invitations (account_id, email_folded)
    WHERE accepted_at IS NULL AND cancelled_at IS NULL;

-- Mail with no account in hand: codes, links, invitations. What it says is sealed, and goes once it was sent or is of
-- no use any more.
CREATE TABLE system_mails (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    recipient text NOT NULL,
    sealed bytea,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'kept', 'refused')),
    error text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX system_mails_expiry ON system_mails (expires_at);
