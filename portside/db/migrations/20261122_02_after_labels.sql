-- What may happen to labels after they were bought: refunds, manifests, pickups; and the simulated carriers' side of it.
-- In all three `next_try_at` is when the carrier may be called: whoever calls it moves it past the call's end first.

CREATE TABLE refunds (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    label_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('QUEUED', 'PENDING', 'SUCCESS', 'ERROR')),
    messages jsonb NOT NULL DEFAULT '[]',
    next_try_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    UNIQUE (account_id, mode, label_id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id)
);
CREATE INDEX refunds_open ON refunds (next_try_at) WHERE status IN ('QUEUED', 'PENDING');

-- `documents` are keys of the file store.
CREATE TABLE manifests (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    carrier_account_id uuid NOT NULL,
    carrier text NOT NULL,
    status text NOT NULL CHECK (status IN ('QUEUED', 'SUCCESS', 'ERROR')),
    shipment_date timestamptz NOT NULL,
    address_from_id uuid NOT NULL,
    label_ids uuid[] NOT NULL,
    documents text[] NOT NULL DEFAULT '{}',
    errors text[] NOT NULL DEFAULT '{}',
    next_try_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id),
    FOREIGN KEY (account_id, mode, address_from_id) REFERENCES addresses (account_id, mode, id)
);
CREATE INDEX manifests_open ON manifests (next_try_at) WHERE status = 'QUEUED';

-- A label is on one manifest only; a manifest that the carrier refused lets its labels go.
CREATE TABLE manifest_labels (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    label_id uuid NOT NULL,
    manifest_id uuid NOT NULL,
    PRIMARY KEY (account_id, mode, label_id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id),
    FOREIGN KEY (account_id, mode, manifest_id) REFERENCES manifests (account_id, mode, id)
);
CREATE INDEX manifest_labels_manifest ON manifest_labels (account_id, mode, manifest_id);

CREATE TABLE pickups (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    carrier_account_id uuid NOT NULL,
    carrier text NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'CONFIRMED', 'ERROR', 'CANCELLED')),
    address_id uuid NOT NULL,
    label_ids uuid[] NOT NULL,
    requested_start_at timestamptz NOT NULL,
    requested_end_at timestamptz NOT NULL,
    details jsonb NOT NULL,
    booking jsonb,
    messages text[] NOT NULL DEFAULT '{}',
    cancel_requested_at timestamptz,
    metadata text NOT NULL DEFAULT '',
    next_try_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id),
    FOREIGN KEY (account_id, mode, address_id) REFERENCES addresses (account_id, mode, id)
);
CREATE INDEX pickups_open ON pickups (next_try_at)
    WHERE status = 'PENDING' OR (status = 'CONFIRMED' AND cancel_requested_at IS NOT NULL);

-- Pieces of a purchase are voided and handed over one by one.
ALTER TABLE sim_parcels ADD COLUMN voided_at timestamptz, ADD COLUMN manifest text;

CREATE SEQUENCE sim_manifest_serials MINVALUE 0 START 0;
CREATE SEQUENCE sim_pickup_serials MINVALUE 0 START 0;

-- `content` is what the form says, to draw it again.
CREATE TABLE sim_manifests (
    reference text PRIMARY KEY,
    carrier text NOT NULL,
    account text NOT NULL,
    number text NOT NULL UNIQUE,
    content jsonb NOT NULL,
    made_at timestamptz NOT NULL
);

CREATE TABLE sim_pickups (
    reference text PRIMARY KEY,
    carrier text NOT NULL,
    account text NOT NULL,
    confirmation_code text NOT NULL UNIQUE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    cancel_by timestamptz NOT NULL,
    timezone text NOT NULL,
    messages text[] NOT NULL DEFAULT '{}',
    booked_at timestamptz NOT NULL,
    cancelled_at timestamptz
);
