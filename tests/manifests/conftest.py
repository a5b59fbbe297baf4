"""alice and charlie with carrier accounts, and carriers that do what the test says."""

from tests.support.dispatch import accounts, usps

__all__ = ["accounts", "usps"]
