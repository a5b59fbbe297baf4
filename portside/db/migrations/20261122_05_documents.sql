-- Papers that go with a label, and what the lists of labels and tracks are searched by.

-- Keys of the file store.
ALTER TABLE labels ADD COLUMN invoice_key text, ADD COLUMN qr_code_key text;

-- The operator class serves the beginning of a number as well as the whole, whatever collation the database has.
DROP INDEX labels_tracking;
CREATE INDEX labels_tracking ON labels (account_id, mode, tracking_number text_pattern_ops)
    WHERE tracking_number IS NOT NULL;
CREATE INDEX labels_metadata ON labels (account_id, mode, metadata) WHERE metadata <> '';
CREATE INDEX labels_status ON labels (account_id, mode, status, id);
CREATE INDEX labels_tracking_status ON labels (account_id, mode, tracking_status, id);

CREATE INDEX tracks_own_number ON tracks (account_id, mode, tracking_number text_pattern_ops) WHERE is_registered;
CREATE INDEX tracks_metadata ON tracks (account_id, mode, metadata) WHERE metadata IS NOT NULL AND is_registered;
CREATE INDEX tracks_status ON tracks (account_id, mode, status, id) WHERE is_registered;
