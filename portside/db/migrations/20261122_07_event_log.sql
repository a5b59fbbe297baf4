-- Tests of receivers, and what the event log looks for.

-- An attempt that delivered nothing: a sample that was asked for, signed as it should be or with a secret of nobody's.
-- `test_body` is what was sent, for no event holds it.
ALTER TABLE webhook_attempts
    ADD COLUMN test_kind text CHECK (test_kind IN ('sample', 'forged')),
    ADD COLUMN test_body text;
CREATE INDEX webhook_attempts_tests ON webhook_attempts (account_id, mode, webhook_id, event_id)
    WHERE test_kind IS NOT NULL;

-- Written only when a delivery is given up: the few among the many that people look for.
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (account_id, mode, event_id) WHERE state = 'failed';
