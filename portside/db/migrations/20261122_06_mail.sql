-- Mail: what is to be sent, was sent, or stays here because there is no server to hand it to.

-- The index says that nobody is told twice of one event. What has been sent is kept without its text. `event_id` points
-- up at no constraint: the event may go with its month.
CREATE TABLE mailbox_messages (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    name text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'kept', 'refused')),
    error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (account_id, mode, id)
);
CREATE UNIQUE INDEX mailbox_messages_once ON mailbox_messages (account_id, mode, event_id, name, recipient);
CREATE INDEX mailbox_messages_age ON mailbox_messages (created_at);
