"""The event log: what happened in an account, and how its endpoints were told."""
