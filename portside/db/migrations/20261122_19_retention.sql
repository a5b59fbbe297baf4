-- Retention asks for what is old enough to go, in all accounts alike.
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX buyer_messages_created ON buyer_messages (created_at);
