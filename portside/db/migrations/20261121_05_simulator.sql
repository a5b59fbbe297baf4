-- The simulated carriers' own books: another company's computer, so no foreign key crosses to our tables, and only the
-- simulator's own connections touch them. An account here is one of our carrier accounts, by its id.

-- What time it is for an account: sim_at + (now - real_at) * speed. Without a row it is the real time.
CREATE TABLE sim_clocks (
    account text PRIMARY KEY,
    real_at timestamptz NOT NULL,
    sim_at timestamptz NOT NULL,
    speed double precision NOT NULL DEFAULT 1 CHECK (speed > 0)
);

CREATE SEQUENCE sim_usps_serials MINVALUE 0 START 0;
CREATE SEQUENCE sim_ups_serials MINVALUE 0 START 0;

CREATE TABLE sim_purchases (
    reference text PRIMARY KEY,
    carrier text NOT NULL,
    account text NOT NULL,
    account_number text NOT NULL,
    service text NOT NULL,
    carrier_reference text NOT NULL UNIQUE,
    magic text NOT NULL DEFAULT '',
    eta timestamptz NOT NULL,
    bought_at timestamptz NOT NULL,
    voided_at timestamptz
);

-- One piece of a purchase. `content` is what its label says, to draw it again. Times are the account's, only `due_at`
-- is real: when the first scan that was not pushed yet is to be pushed. `told` counts those that were.
CREATE TABLE sim_parcels (
    tracking_number text PRIMARY KEY,
    reference text NOT NULL REFERENCES sim_purchases (reference),
    piece integer NOT NULL,
    carrier text NOT NULL,
    account text NOT NULL,
    content jsonb NOT NULL,
    story text NOT NULL,
    shipped_at timestamptz NOT NULL,
    transit_days integer NOT NULL,
    route jsonb NOT NULL,
    told integer NOT NULL DEFAULT 0,
    next_scan_at timestamptz,
    due_at timestamptz
);
CREATE INDEX sim_parcels_purchase ON sim_parcels (reference, piece);
CREATE INDEX sim_parcels_due ON sim_parcels (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sim_parcels_account ON sim_parcels (account) WHERE next_scan_at IS NOT NULL;

-- Every call that reached a simulated carrier, written before it has an effect: the proof that there was only one.
CREATE TABLE sim_calls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    carrier text NOT NULL,
    account text NOT NULL,
    operation text NOT NULL,
    reference text,
    tracking_number text,
    outcome text NOT NULL
);
CREATE INDEX sim_calls_reference ON sim_calls (reference) WHERE reference IS NOT NULL;
CREATE INDEX sim_calls_account ON sim_calls (account, id);
CREATE INDEX sim_calls_age ON sim_calls (at);
