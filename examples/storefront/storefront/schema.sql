-- The whole database of the store. Times are ISO 8601 texts in UTC, amounts are cents, weights are pounds.

-- Who sells here. `version` counts every change that an open page should show.
CREATE TABLE IF NOT EXISTS merchants (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    tagline TEXT NOT NULL,
    hue TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    ships_from TEXT NOT NULL,
    order_prefix TEXT NOT NULL,
    -- When buyers hear that a parcel is on its way: when its `label` is bought, or at its first `scan`.
    tell_at TEXT NOT NULL DEFAULT 'label' CHECK (tell_at IN ('label', 'scan')),
    tell_progress INTEGER NOT NULL DEFAULT 1,
    tell_exceptions INTEGER NOT NULL DEFAULT 1,
    -- Where tracking links lead: to our page, which links to the `carrier`, or straight there.
    link_to TEXT NOT NULL DEFAULT 'page' CHECK (link_to IN ('page', 'carrier')),
    version INTEGER NOT NULL DEFAULT 1
);

-- A merchant's connection to Portside. The access token opens the merchant's whole account: see the README.
CREATE TABLE IF NOT EXISTS connections (
    merchant_id TEXT PRIMARY KEY REFERENCES merchants (id),
    account_id TEXT NOT NULL,
    access_token TEXT NOT NULL,
    webhook_id TEXT NOT NULL DEFAULT '',
    webhook_secret TEXT NOT NULL DEFAULT '',
    connected_at TEXT NOT NULL,
    -- What we need in the account is set up.
    ready INTEGER NOT NULL DEFAULT 0,
    -- Portside refused the token: the merchant disconnected us over there.
    broken_at TEXT
);

-- A merchant who went to Portside and has not come back yet. Only a hash of the state is kept.
CREATE TABLE IF NOT EXISTS oauth_states (
    state_hash TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    expires_at TEXT NOT NULL
);

-- Signed-in browsers, and links that sign in. `who` is a merchant's id, `<shop>/<e-mail>`, or `<shop>/<order id>`.
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('merchant', 'buyer', 'order', 'magic link')),
    who TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS attempts (what TEXT NOT NULL, at TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS products (
    id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    title TEXT NOT NULL,
    blurb TEXT NOT NULL,
    price INTEGER NOT NULL,
    pounds TEXT NOT NULL
);

-- What a buyer was offered: prices are kept here, because nobody may bring prices of his own.
CREATE TABLE IF NOT EXISTS checkouts (
    id TEXT PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    cart TEXT NOT NULL,
    buyer TEXT NOT NULL,
    options TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    number TEXT NOT NULL UNIQUE,
    placed_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'shipped', 'delivered', 'cancelled')),
    name TEXT NOT NULL,
    email TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '',
    sms_consent INTEGER NOT NULL DEFAULT 0,
    street1 TEXT NOT NULL,
    street2 TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL,
    state TEXT NOT NULL,
    zip TEXT NOT NULL,
    country TEXT NOT NULL,
    shipping_title TEXT NOT NULL,
    shipping_price INTEGER NOT NULL,
    total INTEGER NOT NULL,
    -- The order's id over there; NULL until it has been pushed.
    portside_id TEXT UNIQUE,
    push_error TEXT
);
CREATE TABLE IF NOT EXISTS order_lines (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    product_id TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    price INTEGER NOT NULL,
    pounds TEXT NOT NULL
);

-- Rates that the merchant looks at on the order's page.
CREATE TABLE IF NOT EXISTS rates (
    id TEXT PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    carrier TEXT NOT NULL,
    service TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    days INTEGER
);

-- One row for each label, and for each number that the merchant brought from elsewhere (without `transaction_id`).
-- `label_status` is the transaction's, or ELSEWHERE. `label_seq` is the newest `Portside-Event-Seq` that we have seen.
CREATE TABLE IF NOT EXISTS parcels (
    id INTEGER PRIMARY KEY,
    token TEXT NOT NULL UNIQUE,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    transaction_id TEXT UNIQUE,
    label_status TEXT NOT NULL,
    label_seq INTEGER NOT NULL DEFAULT 0,
    label_url TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT '',
    test INTEGER NOT NULL,
    carrier TEXT NOT NULL,
    tracking_number TEXT,
    carrier_url TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'UNKNOWN',
    substatus TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '',
    place TEXT NOT NULL DEFAULT '',
    action_required INTEGER NOT NULL DEFAULT 0,
    status_at TEXT,
    eta TEXT,
    checked_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (merchant_id, carrier, tracking_number)
);
-- What carriers said. The key makes duplicates harmless.
CREATE TABLE IF NOT EXISTS scans (
    parcel_id INTEGER NOT NULL REFERENCES parcels (id),
    at TEXT NOT NULL,
    status TEXT NOT NULL,
    substatus TEXT NOT NULL,
    details TEXT NOT NULL,
    place TEXT NOT NULL,
    action_required INTEGER NOT NULL,
    PRIMARY KEY (parcel_id, at, status, substatus, place)
);

-- Webhooks as they arrived. `webhook-id` is the key, so an event is handled once however often it is sent.
CREATE TABLE IF NOT EXISTS inbox (
    webhook_id TEXT NOT NULL,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    arrived_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL,
    handled_at TEXT,
    outcome TEXT,
    PRIMARY KEY (merchant_id, webhook_id)
);

CREATE TABLE IF NOT EXISTS alerts (
    id INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    parcel_id INTEGER NOT NULL REFERENCES parcels (id),
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
    -- The scan that caused it, so that the same scan opens it once and a later one opens it again.
    cause TEXT NOT NULL,
    UNIQUE (parcel_id, kind, cause)
);
CREATE TABLE IF NOT EXISTS alert_log (
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    note TEXT NOT NULL
);

-- Mails and text messages to buyers. A parcel's `kind` is sent once per channel; `again` counts what was resent.
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    order_id INTEGER REFERENCES orders (id),
    parcel_id INTEGER REFERENCES parcels (id),
    channel TEXT NOT NULL CHECK (channel IN ('mail', 'sms')),
    kind TEXT NOT NULL,
    again INTEGER NOT NULL DEFAULT 0,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    UNIQUE (parcel_id, channel, kind, again)
);
CREATE TABLE IF NOT EXISTS opt_outs (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    PRIMARY KEY (merchant_id, channel, recipient)
);
