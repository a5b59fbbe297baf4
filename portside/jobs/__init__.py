"""Work that outlives a request: a queue table, its workers and its schedule."""
