"""Carrier accounts."""
