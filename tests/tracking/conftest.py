"""alice and charlie with carrier accounts, and carriers that do what the test says."""

from tests.labels.conftest import usps

__all__ = ["usps"]
