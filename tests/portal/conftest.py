"""The shop of the messages, whose parcels have tracking pages, and a visitor who has nothing but links."""

from tests.buyers.conftest import carrier, shop, visitor

__all__ = ["carrier", "shop", "visitor"]
