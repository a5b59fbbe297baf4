"""Accounts, their people, and every bearer credential."""
