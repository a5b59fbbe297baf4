-- What a platform has settled for the accounts it manages or is connected to, in each mode, and what came of it.
CREATE TABLE discount_tiers (
    -- The platform's own account.
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    name text NOT NULL,
    -- Percents off the carriers' prices.
    discount jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, name)
);

CREATE TABLE plans (
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    name text NOT NULL,
    rule jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, name)
);

-- One platform settles an account's terms. They hold as long as it manages the account or one of its apps is connected.
CREATE TABLE account_terms (
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    partner_id uuid NOT NULL REFERENCES accounts (id),
    discount_tier text,
    plan text,
    settings jsonb NOT NULL,
    -- Another one after each change.
    revision uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode),
    FOREIGN KEY (partner_id, mode, discount_tier) REFERENCES discount_tiers (account_id, mode, name),
    FOREIGN KEY (partner_id, mode, plan) REFERENCES plans (account_id, mode, name)
);
CREATE INDEX account_terms_tier ON account_terms (partner_id, mode, discount_tier);
CREATE INDEX account_terms_plan ON account_terms (partner_id, mode, plan);

-- The platform whose terms made the price. `amount` is what the account is charged; the carrier's own is in the quote.
ALTER TABLE rates ADD COLUMN partner_id uuid;

-- Never changed. Money is positive for a purchase and negative for a refund; an adjustment may be either.
CREATE TABLE ledger_lines (
    account_id uuid NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    partner_id uuid NOT NULL REFERENCES accounts (id),
    kind text NOT NULL CHECK (kind IN ('purchase', 'refund', 'adjustment')),
    label_id uuid,
    carrier text NOT NULL DEFAULT '',
    service_token text NOT NULL DEFAULT '',
    tracking_number text NOT NULL DEFAULT '',
    cost numeric(14, 4) NOT NULL,
    charged numeric(14, 4) NOT NULL,
    currency text NOT NULL,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);
-- A label is bought once and refunded once.
CREATE UNIQUE INDEX ledger_lines_once ON ledger_lines (account_id, mode, label_id, kind) WHERE kind <> 'adjustment';
CREATE INDEX ledger_lines_partner ON ledger_lines (partner_id, mode, id DESC);
CREATE INDEX ledger_lines_number ON ledger_lines (partner_id, mode, tracking_number) WHERE tracking_number <> '';
