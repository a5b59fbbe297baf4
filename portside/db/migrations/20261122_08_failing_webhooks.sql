-- Since when the owner of a failing endpoint knows of it; empty again once it works, is changed or is switched off.
ALTER TABLE webhooks ADD COLUMN failing_told_at timestamptz;
