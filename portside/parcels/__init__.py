"""Parcels: the size and weight of one piece. Written once, never changed."""
