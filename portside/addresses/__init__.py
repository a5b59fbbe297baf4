"""Addresses: where parcels come from and go to. Written once, never changed."""
