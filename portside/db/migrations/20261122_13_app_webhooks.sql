-- An endpoint hears of its own account, of all accounts that are connected to an app of its account's, or of its own
-- account and all that this one manages.
ALTER TABLE webhooks ADD COLUMN reach text NOT NULL DEFAULT 'account' CHECK (reach IN ('account', 'app', 'managed'));
ALTER TABLE webhooks ADD CHECK (reach <> 'app' OR app_id IS NOT NULL);
CREATE INDEX webhooks_app ON webhooks (app_id, mode) WHERE app_id IS NOT NULL;

-- The account that the event happened in, if that is not simply the endpoint's own.
ALTER TABLE webhook_deliveries ADD COLUMN event_account_id uuid;
