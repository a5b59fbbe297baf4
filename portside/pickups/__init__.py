"""Pickups: having the carrier fetch parcels, and calling that off."""
