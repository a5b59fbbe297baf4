"""The same platform, merchant and tariff as for terms."""

from tests.terms.conftest import acting, merchant, paula, platform, usps

__all__ = ["acting", "merchant", "paula", "platform", "usps"]
