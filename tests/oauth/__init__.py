"""The OAuth protocol."""
