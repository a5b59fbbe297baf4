-- Addresses, parcels, customs, carrier accounts, orders. The primary key (account_id, mode, id) is also the index
-- of the list pages (newest first) and the target of composite foreign keys, so that a reference to another
-- account's or the other mode's row cannot even be stored.

CREATE TABLE addresses (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

CREATE TABLE parcels (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

CREATE TABLE customs_items (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

CREATE TABLE customs_declarations (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    item_ids uuid[] NOT NULL,
    importer_id uuid,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, importer_id) REFERENCES addresses (account_id, mode, id)
);

CREATE TABLE carrier_accounts (
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    carrier text NOT NULL,
    carrier_account_id text NOT NULL,
    parameters_sealed bytea,
    parameter_names text[] NOT NULL DEFAULT '{}',
    active boolean NOT NULL DEFAULT true,
    is_test boolean NOT NULL,
    is_shippo_account boolean NOT NULL,
    metadata text NOT NULL DEFAULT '',
    authorization_status text CHECK (authorization_status IN ('disconnected', 'authorization_pending', 'connected')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);
-- The platform's own account with a carrier is opened once, however often somebody registers for it.
CREATE UNIQUE INDEX carrier_accounts_shippo ON carrier_accounts (account_id, mode, carrier, carrier_account_id)
    WHERE is_shippo_account;

CREATE TABLE orders (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    order_number text,
    order_status text NOT NULL,
    status_before_shipping text,
    shop_app text NOT NULL,
    app_id uuid,
    placed_at timestamptz NOT NULL,
    to_address_id uuid NOT NULL,
    from_address_id uuid,
    details jsonb NOT NULL,
    search text NOT NULL DEFAULT '',
    event_seq integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, to_address_id) REFERENCES addresses (account_id, mode, id),
    FOREIGN KEY (account_id, mode, from_address_id) REFERENCES addresses (account_id, mode, id)
);
CREATE INDEX orders_placed ON orders (account_id, mode, placed_at);
-- What a merchant has to ship: few at any time, and looked at every other second by every open page.
CREATE INDEX orders_open ON orders (account_id, mode, id)
    WHERE order_status IN ('UNKNOWN', 'AWAITPAY', 'PAID', 'PARTIALLY_FULFILLED');

-- What an order knows of its labels; labels tell it (their writers keep this copy), it never asks.
CREATE TABLE order_labels (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    order_id uuid NOT NULL,
    label_id uuid NOT NULL,
    summary jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, order_id, label_id),
    FOREIGN KEY (account_id, mode, order_id) REFERENCES orders (account_id, mode, id)
);
