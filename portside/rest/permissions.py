"""Scopes: what a token was granted, and what each operation needs of it. The one place that says so."""

from __future__ import annotations

from functools import lru_cache

from portside.errors import Forbidden

EVERYTHING = "*"
# A credential that lacks this one may not act for managed accounts, whatever else it holds.
ACT_FOR_ACCOUNTS = "accounts:write"

# The first part of a path, and the resource that scopes call it by. What is not here needs `*`.
_RESOURCES = {
    "addresses": "addresses",
    "parcels": "parcels",
    "parcel-templates": "parcels",
    "user-parcel-templates": "parcels",
    "customs": "customs",
    "carrier_accounts": "carriers",
    "rates": "rates",
    "live-rates": "rates",
    "service-groups": "rates",
    "orders": "orders",
    "shipments": "shipments",
    "tracks": "tracking",
    "transactions": "labels",
    "refunds": "labels",
    "batches": "labels",
    "manifests": "labels",
    "pickups": "labels",
    "webhooks": "webhooks",
    "events": "events",
    "shippo-accounts": "accounts",
}
# The fields that `?expand=` replaces by objects, and the resource that these are.
_FIELDS = {
    "carrier_account": "carriers",
    "carrier_accounts": "carriers",
    "items": "customs",
    "order": "orders",
    "parcel": "parcels",
    "rate": "rates",
    "transaction": "labels",
    "transactions": "labels",
}
# A scope of its own name that stands for others: Shippo's for a short-lived token in a page.
_STANDS_FOR = {"embedded:carriers": ("carriers:read", "carriers:write")}

PERMISSIONS = frozenset(
    f"{resource}:{verb}" for resource in _RESOURCES.values() for verb in ("read", "write") if resource != "events"
) | {"events:read"}
SCOPES = PERMISSIONS | _STANDS_FOR.keys() | {EVERYTHING}


class MissingScope(Forbidden):
    """403: the token is good and was not granted this."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"This token was not granted the scope that this needs: {needed}")
        self.needed = needed


def permission_of(method: str, path: str) -> str:
    """The scope that an operation needs: `orders:read`; `*` where no narrower one gives it."""
    resource = _RESOURCES.get(path.strip("/").split("/")[0])
    permission = f"{resource}:{'read' if method == 'GET' else 'write'}"
    return permission if permission in PERMISSIONS else EVERYTHING


def permission_of_field(name: str) -> str:
    """The scope that the objects of an expanded field need; `*` where it is not known."""
    resource = _FIELDS.get(name)
    return f"{resource}:read" if resource else EVERYTHING


@lru_cache(maxsize=1024)
def allowed_by(scopes: str) -> frozenset[str] | None:
    """The permissions that granted scopes give, separated by spaces; None is everything."""
    names = scopes.split()
    if EVERYTHING in names:
        return None
    return frozenset(permission for name in names for permission in (name, *_STANDS_FOR.get(name, ())))


def covers(granted: str, held: str) -> bool:
    """Whether scopes that are held are not more than what is granted."""
    all_granted, all_held = allowed_by(granted), allowed_by(held)
    return all_granted is None or (all_held is not None and all_held <= all_granted)


def known_scopes(asked: str) -> str | None:
    """Scopes as they are kept: each once, in order, `*` alone where it is among them. None if one is unknown, or none
    is there."""
    names = sorted(set(asked.split(" ")) - {""})
    if not names or not SCOPES.issuperset(names):
        return None
    return EVERYTHING if EVERYTHING in names else " ".join(names)
