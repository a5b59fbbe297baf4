-- Files of orders that somebody uploads in the merchant's app: read, looked at, and only then written.

-- `digest` is of the file's bytes: the same file sent twice is one import. `header` are its columns as they are called
-- there, `unused` those that mean nothing to us.
CREATE TABLE order_imports (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    id uuid NOT NULL,
    digest bytea NOT NULL,
    file_name text NOT NULL,
    header text[] NOT NULL,
    unused text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('checked', 'importing', 'done')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, mode, id),
    UNIQUE (account_id, mode, digest)
);
-- Those that a job works on: few at any time.
CREATE INDEX order_imports_working ON order_imports (updated_at) WHERE state = 'importing';

-- One order of the file, of one line or more. `given` is the order as POST /orders takes it, empty where it is wrong;
-- `cells` are its lines as they stood in the file, so that those that failed can be given back. `order_id` is the order
-- that was made of it, or that an earlier import had made.
CREATE TABLE order_import_rows (
    account_id uuid NOT NULL,
    mode text NOT NULL CHECK (mode IN ('test', 'live')),
    import_id uuid NOT NULL,
    position integer NOT NULL,
    line integer NOT NULL,
    state text NOT NULL CHECK (state IN ('ready', 'wrong', 'known', 'made')),
    order_number text,
    given text,
    cells jsonb NOT NULL,
    problems jsonb NOT NULL DEFAULT '[]',
    order_id uuid,
    PRIMARY KEY (account_id, mode, import_id, position),
    FOREIGN KEY (account_id, mode, import_id) REFERENCES order_imports (account_id, mode, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, mode, order_id) REFERENCES orders (account_id, mode, id)
);
CREATE INDEX order_import_rows_state ON order_import_rows (account_id, mode, import_id, state, position);

-- By which an import knows what an earlier one has brought.
CREATE INDEX orders_imported ON orders (account_id, mode, order_number) WHERE shop_app = 'CSV_Import';
