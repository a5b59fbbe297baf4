-- Packagings that accounts describe once, and what a shop offers at its checkout.

CREATE TABLE user_parcel_templates (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

CREATE TABLE service_groups (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    is_active boolean NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id)
);

-- The services of a group, in the order they were given: rows of their own, so that another account's or the other
-- mode's carrier account cannot even be stored.
CREATE TABLE service_group_levels (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    service_group_id uuid NOT NULL,
    position integer NOT NULL,
    carrier_account_id uuid NOT NULL,
    service_token text NOT NULL,
    PRIMARY KEY (account_id, mode, service_group_id, position),
    FOREIGN KEY (account_id, mode, service_group_id) REFERENCES service_groups (account_id, mode, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id)
);

-- A template that is deleted is nobody's default any more.
CREATE TABLE live_rate_settings (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    parcel_template_id uuid,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode),
    FOREIGN KEY (account_id, mode, parcel_template_id) REFERENCES user_parcel_templates (account_id, mode, id)
        ON DELETE SET NULL (parcel_template_id)
);
