"""Address validation from offline data: ZIP codes, postal formats and the shape of street lines. Pure rules and tables.

What it can know and what it cannot is written in docs/address-validation.md.
"""
