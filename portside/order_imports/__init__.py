"""Many orders at once: one request, one result per line."""
