"""Carrier accounts: with which carriers an account ships, the platform's or its own, and their sealed credentials."""
