"""A shop that tells its buyers of test labels too, and everything stays in the mailbox."""

from tests.support.buying import carrier, shop, visitor

__all__ = ["carrier", "shop", "visitor"]
