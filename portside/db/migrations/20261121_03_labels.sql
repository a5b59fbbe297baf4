-- Shipments, rates, tracks, purchases and labels.

CREATE TABLE shipments (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('WAITING', 'QUEUED', 'SUCCESS', 'ERROR')),
    address_from_id uuid NOT NULL,
    address_to_id uuid NOT NULL,
    address_return_id uuid NOT NULL,
    customs_declaration_id uuid,
    parcel_ids uuid[] NOT NULL,
    carrier_account_ids uuid[] NOT NULL DEFAULT '{}',
    order_id uuid,
    shipment_date timestamptz NOT NULL,
    details jsonb NOT NULL,
    messages jsonb NOT NULL DEFAULT '[]',
    metadata text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, address_from_id) REFERENCES addresses (account_id, mode, id),
    FOREIGN KEY (account_id, mode, address_to_id) REFERENCES addresses (account_id, mode, id),
    FOREIGN KEY (account_id, mode, address_return_id) REFERENCES addresses (account_id, mode, id),
    FOREIGN KEY (account_id, mode, customs_declaration_id) REFERENCES customs_declarations (account_id, mode, id),
    FOREIGN KEY (account_id, mode, order_id) REFERENCES orders (account_id, mode, id)
);

-- Those that wait for their rates: few at any time.
CREATE INDEX shipments_queued ON shipments (updated_at) WHERE status = 'QUEUED';

CREATE TABLE rates (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    shipment_id uuid NOT NULL,
    carrier_account_id uuid NOT NULL,
    carrier text NOT NULL,
    service_token text NOT NULL,
    amount numeric(14, 4) NOT NULL,
    currency text NOT NULL,
    attributes text[] NOT NULL DEFAULT '{}',
    details jsonb NOT NULL,
    quote jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, shipment_id) REFERENCES shipments (account_id, mode, id),
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id)
);
CREATE INDEX rates_shipment ON rates (account_id, mode, shipment_id, id);

-- One purchase is one carrier purchase; it owns 1..n labels (multi-piece). The partial unique index is law 4. A
-- purchase without a rate is an Instalabel whose shipment is still being rated, or got no rate.
CREATE TABLE purchases (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    rate_id uuid,
    order_id uuid,
    state text NOT NULL CHECK (state IN ('reserved', 'bought', 'rejected', 'voided', 'refunded')),
    label_file_type text NOT NULL,
    answered_queued boolean NOT NULL DEFAULT false,
    sent_at timestamptz,
    settle_after timestamptz,
    flagged_at timestamptz,
    flag_reason text,
    carrier_reference text,
    created_by jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    CHECK (rate_id IS NOT NULL OR (sent_at IS NULL AND state IN ('reserved', 'rejected'))),
    FOREIGN KEY (account_id, mode, rate_id) REFERENCES rates (account_id, mode, id),
    FOREIGN KEY (account_id, mode, order_id) REFERENCES orders (account_id, mode, id)
);
CREATE UNIQUE INDEX purchases_one_per_rate ON purchases (account_id, mode, rate_id)
    WHERE state NOT IN ('rejected', 'voided', 'refunded');
CREATE INDEX purchases_open ON purchases (updated_at) WHERE state = 'reserved';
CREATE INDEX purchases_flagged ON purchases (account_id, mode, id) WHERE flagged_at IS NOT NULL;

CREATE TABLE labels (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    purchase_id uuid NOT NULL,
    rate_id uuid,
    parcel_id uuid,
    order_id uuid,
    piece integer NOT NULL,
    status text NOT NULL
        CHECK (status IN ('WAITING', 'QUEUED', 'SUCCESS', 'ERROR', 'REFUNDED', 'REFUNDPENDING', 'REFUNDREJECTED')),
    carrier text NOT NULL,
    tracking_number text,
    tracking_status text,
    tracking_url text,
    eta timestamptz,
    label_file_type text NOT NULL,
    file_key text,
    messages jsonb NOT NULL DEFAULT '[]',
    metadata text NOT NULL DEFAULT '',
    event_seq integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, purchase_id) REFERENCES purchases (account_id, mode, id),
    FOREIGN KEY (account_id, mode, rate_id) REFERENCES rates (account_id, mode, id),
    FOREIGN KEY (account_id, mode, parcel_id) REFERENCES parcels (account_id, mode, id)
);
CREATE INDEX labels_rate ON labels (account_id, mode, rate_id);
CREATE INDEX labels_order ON labels (account_id, mode, order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX labels_purchase ON labels (account_id, mode, purchase_id, piece);
CREATE INDEX labels_tracking ON labels (account_id, mode, tracking_number) WHERE tracking_number IS NOT NULL;

CREATE TABLE tracks (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    label_id uuid,
    is_registered boolean NOT NULL,
    status text,
    details jsonb NOT NULL,
    metadata text,
    event_seq integer NOT NULL DEFAULT 0,
    next_poll_at timestamptz,
    last_checked_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    UNIQUE (account_id, mode, carrier, tracking_number),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id)
);
CREATE INDEX tracks_poll ON tracks (next_poll_at) WHERE next_poll_at IS NOT NULL;
CREATE INDEX tracks_number ON tracks (carrier, tracking_number);

CREATE TABLE track_scans (
    account_id uuid NOT NULL,
    mode text NOT NULL,
    track_id uuid NOT NULL,
    id uuid NOT NULL,
    fingerprint bytea NOT NULL,
    status text NOT NULL,
    substatus text,
    status_details text NOT NULL,
    status_date timestamptz NOT NULL,
    location jsonb,
    raw jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, track_id, id),
    UNIQUE (account_id, mode, track_id, fingerprint),
    FOREIGN KEY (account_id, mode, track_id) REFERENCES tracks (account_id, mode, id)
);

ALTER TABLE order_labels ADD FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id);

-- What carriers push, as it came; `taken_at` is when a job had asked for the news. No account: the number tells whose.
CREATE TABLE carrier_pushes (
    carrier text NOT NULL,
    event_id text NOT NULL,
    tracking_number text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    taken_at timestamptz,
    PRIMARY KEY (carrier, event_id)
);
CREATE INDEX carrier_pushes_age ON carrier_pushes (received_at);
