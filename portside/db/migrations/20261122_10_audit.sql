-- Who did what: sign-ins, tokens, members, apps, connections, settings. Never changed, never part of a webhook.
CREATE TABLE audit_entries (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    -- What it was done to, in words for people, and further facts; no secrets.
    subject text NOT NULL DEFAULT '',
    details jsonb NOT NULL DEFAULT '{}',
    address text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE INDEX audit_entries_account ON audit_entries (account_id, id DESC);
