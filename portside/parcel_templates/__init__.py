"""Parcel templates: carriers' own packagings, and those that an account describes once and ships in often."""
