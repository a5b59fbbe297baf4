"""Alerts: what a merchant has to look after, made from what happened and from what did not."""
