-- Batches: many shipments, bought in one go.

-- `positions` counts the rows that were ever added, so that each gets a place of its own. `label_keys` are keys of the
-- file store: the labels merged by the hundred. `event_seq` above 0 says that its creation was told.
CREATE TABLE batches (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('VALIDATING', 'VALID', 'INVALID', 'PURCHASING', 'PURCHASED')),
    carrier_account_id uuid NOT NULL,
    service_token text NOT NULL,
    label_file_type text NOT NULL,
    metadata text NOT NULL DEFAULT '',
    positions integer NOT NULL DEFAULT 0,
    label_keys text[] NOT NULL DEFAULT '{}',
    purchased_by jsonb,
    event_seq integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id)
);
-- Those that a job works on: few at any time.
CREATE INDEX batches_working ON batches (updated_at) WHERE status IN ('VALIDATING', 'PURCHASING');

-- `given` is the shipment as it was sent, until it has been looked at. `purchase_id` is the only purchase that may be
-- made for the row (law 4): the row's own id, and another one only after the carrier has said that it never received
-- that purchase; `tries` counts those.
CREATE TABLE batch_shipments (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    batch_id uuid NOT NULL,
    position integer NOT NULL,
    state text NOT NULL CHECK (state IN ('received', 'valid', 'invalid', 'incomplete', 'open', 'bought', 'failed')),
    given text,
    carrier_account_id uuid,
    service_token text NOT NULL DEFAULT '',
    metadata text NOT NULL DEFAULT '',
    shipment_id uuid,
    rate_id uuid,
    purchase_id uuid NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    label_id uuid,
    messages jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    UNIQUE (account_id, mode, batch_id, position),
    FOREIGN KEY (account_id, mode, batch_id) REFERENCES batches (account_id, mode, id),
    FOREIGN KEY (account_id, mode, carrier_account_id) REFERENCES carrier_accounts (account_id, mode, id),
    FOREIGN KEY (account_id, mode, shipment_id) REFERENCES shipments (account_id, mode, id),
    FOREIGN KEY (account_id, mode, rate_id) REFERENCES rates (account_id, mode, id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id)
);
CREATE INDEX batch_shipments_state ON batch_shipments (account_id, mode, batch_id, state, position);
-- Purchases whose outcome nobody knows yet; of a batch that is through they wait for a person.
CREATE INDEX batch_shipments_open ON batch_shipments (updated_at) WHERE state = 'open';
