-- What buyers see and hear: the public page of a track, how it looks, and the messages on the way.

-- Names the public page of a track. It is random, so nobody finds a page without having been given it; it is not hashed,
-- because whoever reads this table can read the track itself.
ALTER TABLE tracks ADD COLUMN link uuid NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX tracks_link ON tracks (link);

-- An account's own look, in both modes. What is empty is as its platform has settled, or as Portside comes.
CREATE TABLE account_branding (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    name text NOT NULL DEFAULT '',
    color text NOT NULL DEFAULT '',
    support_email text NOT NULL DEFAULT '',
    tracking_page text CHECK (tracking_page IN ('branded', 'carrier')),
    logo_key text,
    updated_at timestamptz NOT NULL
);

-- Of which statuses an account's buyers are told, in both modes. Without a list it is as the platform has settled.
CREATE TABLE buyer_message_settings (
    account_id uuid PRIMARY KEY REFERENCES accounts (id),
    email text[],
    sms text[],
    in_test_mode boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL
);

-- What was told to a label's buyer, or why not. `message_id` is the message in mailbox_messages, which may be gone by
-- now; without one nothing was sent, for the `reason`.
CREATE TABLE buyer_messages (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    label_id uuid NOT NULL,
    status text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    recipient text NOT NULL,
    message_id uuid,
    reason text,
    -- Somebody asked for it to be sent once more.
    is_again boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id)
);
-- Nobody is told of the same status twice by itself.
CREATE UNIQUE INDEX buyer_messages_once ON buyer_messages (account_id, mode, label_id, status, channel)
    WHERE NOT is_again;
CREATE INDEX buyer_messages_label ON buyer_messages (account_id, mode, label_id, id);

-- Who wants no more messages from an account.
CREATE TABLE suppressions (
    account_id uuid NOT NULL REFERENCES accounts (id),
    channel text NOT NULL CHECK (channel IN ('email', 'sms')),
    address text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, channel, address)
);

-- A message to a buyer comes from the merchant, is answered to the merchant, and can be declined.
ALTER TABLE mailbox_messages
    ADD COLUMN channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email', 'sms')),
    ADD COLUMN sender_name text NOT NULL DEFAULT '',
    ADD COLUMN reply_to text NOT NULL DEFAULT '',
    ADD COLUMN unsubscribe_url text NOT NULL DEFAULT '';
