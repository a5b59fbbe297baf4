"""Webhooks: telling subscribers what happened. Reached only through events (law 5)."""
