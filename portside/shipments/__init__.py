"""Shipments: what goes from where to where in which parcels, and what carriers ask for it."""
