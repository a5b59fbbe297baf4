"""Portside: an open, self-hosted shipping platform that speaks the Shippo API."""
