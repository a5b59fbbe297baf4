-- What a merchant has to look after: parcels that do not arrive, refunds that were refused, labels that were not bought.

-- A label, or a track of somebody else's label, that may yet need somebody. `clock` is the latest moment that is known
-- of it: of ours, or of the carrier's scans, which are ahead of us where a simulated carrier's clock was set forward.
-- `due_at` is when the time alone makes an alert of it.
CREATE TABLE alert_watches (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    subject_id uuid NOT NULL,
    label_id uuid,
    track_id uuid,
    clock timestamptz NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (account_id, mode, subject_id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id),
    FOREIGN KEY (account_id, mode, track_id) REFERENCES tracks (account_id, mode, id)
);
CREATE INDEX alert_watches_due ON alert_watches (due_at) WHERE due_at IS NOT NULL;

-- `cause` names what happened, so that what somebody has resolved is not raised again for the same reason.
CREATE TABLE alerts (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    label_id uuid,
    track_id uuid,
    order_id uuid,
    carrier text NOT NULL,
    tracking_number text NOT NULL DEFAULT '',
    cause text NOT NULL,
    details jsonb NOT NULL,
    assigned_to uuid REFERENCES users (id),
    acknowledged_at timestamptz,
    acknowledged_by uuid REFERENCES users (id),
    snoozed_until timestamptz,
    resolved_at timestamptz,
    resolution text CHECK (resolution IN ('delivered', 'passed', 'person')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, label_id) REFERENCES labels (account_id, mode, id),
    FOREIGN KEY (account_id, mode, track_id) REFERENCES tracks (account_id, mode, id),
    FOREIGN KEY (account_id, mode, order_id) REFERENCES orders (account_id, mode, id)
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (account_id, mode, subject_id, kind) WHERE resolved_at IS NULL;
CREATE UNIQUE INDEX alerts_once ON alerts (account_id, mode, subject_id, kind, cause);
CREATE INDEX alerts_open ON alerts (account_id, mode, id) WHERE resolved_at IS NULL;
CREATE INDEX alerts_order ON alerts (account_id, mode, order_id) WHERE order_id IS NOT NULL AND resolved_at IS NULL;

-- What was done about an alert: notes, calls to the carrier, who took it over. Never changed.
CREATE TABLE alert_entries (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    alert_id uuid NOT NULL,
    what text NOT NULL,
    actor text NOT NULL,
    text text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    FOREIGN KEY (account_id, mode, alert_id) REFERENCES alerts (account_id, mode, id)
);
CREATE INDEX alert_entries_alert ON alert_entries (account_id, mode, alert_id, id);
