"""How long a test waits for what must happen: it only ends a broken test, so it is longer than a busy machine needs."""

PATIENCE = 240.0  # seconds
PATIENCE_MS = PATIENCE * 1000  # as browsers count
