"""The event log: what is found, paged, shown and sent again."""
