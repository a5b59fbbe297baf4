"""Rates: what each carrier account asks for a shipment, which is known here by its id only."""
