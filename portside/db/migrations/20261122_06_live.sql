-- Who follows the log reads by transaction and not by position: a transaction may take its number first and its
-- positions last, so a row can appear behind a position that has been read already.
DROP INDEX events_position;
CREATE INDEX events_xid ON events (xid);
