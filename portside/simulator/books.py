"""The simulated carriers' books: purchases, parcels, the call log. Reads and writes on the simulator's connections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Row, Tx
from portside.kit.clock import now
from portside.simulator.geography import CarrierToken
from portside.simulator.parcels import SimulatedParcel, SimulatedPurchase

_SERIALS: dict[CarrierToken, str] = {"usps": "sim_usps_serials", "ups": "sim_ups_serials"}

_encode = msgspec.json.Encoder(decimal_format="string").encode

# Whoever takes a parcel to push its news has so long; if it dies meanwhile, another one does it then.
_PUSH_LEASE = dt.timedelta(seconds=60)

# One statement, so atomic in autocommit. Contents and routes travel as text, because an array of JSON arrays would be
# taken for one of two dimensions.
_INSERT_PURCHASE = (
    "WITH bought AS (INSERT INTO sim_purchases (reference, carrier, account, account_number, service, "
    "  carrier_reference, magic, eta, bought_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
    "  ON CONFLICT (reference) DO NOTHING RETURNING reference), "
    "sent AS (INSERT INTO sim_parcels (tracking_number, reference, piece, carrier, account, content, story, "
    "  shipped_at, transit_days, route, told, next_scan_at, due_at) "
    "  SELECT n, bought.reference, p, $2, $3, c::jsonb, s, a, d, r::jsonb, t, x, u FROM bought, "
    "  unnest($10::text[], $11::int[], $12::text[], $13::text[], $14::timestamptz[], $15::int[], $16::text[], "
    "  $17::int[], $18::timestamptz[], $19::timestamptz[]) AS given (n, p, c, s, a, d, r, t, x, u)) "
    "SELECT reference FROM bought"
)
_CLAIM_DUE = (
    "UPDATE sim_parcels SET due_at = $1::timestamptz + $2 WHERE tracking_number IN ("
    "  SELECT tracking_number FROM sim_parcels WHERE due_at <= $1 AND ($3::text[] IS NULL OR account = ANY($3)) "
    "  ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING *"
)


class LoggedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it reached the carrier. `outcome` is `received` while it runs, and for good if it was cut off."""

    id: int
    at: dt.datetime
    carrier: str
    account: str
    operation: str
    reference: str | None
    tracking_number: str | None
    outcome: str


async def next_serials(tx: Tx, carrier: CarrierToken, count: int) -> list[int]:
    """So many numbers that no parcel of the carrier has had."""
    rows = await tx.fetch(f"SELECT nextval('{_SERIALS[carrier]}') AS serial FROM generate_series(1, $1)", count)
    return [row["serial"] for row in rows]


async def save_purchase(tx: Tx, purchase: SimulatedPurchase, parcels: Sequence[SimulatedParcel]) -> bool:
    """Enter a purchase; False, and nothing is written, if its reference has been used."""
    entered = await tx.fetchval(
        _INSERT_PURCHASE,
        purchase.reference,
        purchase.carrier,
        purchase.account,
        purchase.account_number,
        purchase.service,
        purchase.carrier_reference,
        purchase.magic,
        purchase.eta,
        purchase.bought_at,
        *map(list, zip(*map(_values, parcels), strict=True)),
    )
    return entered is not None


async def find_purchase(tx: Tx, account: str | None, reference: str) -> SimulatedPurchase | None:
    """By our reference; None as account looks at everybody's."""
    row = await tx.fetchrow(
        "SELECT * FROM sim_purchases WHERE reference = $1 AND ($2::text IS NULL OR account = $2)", reference, account
    )
    return None if row is None else SimulatedPurchase(**dict(row))


async def lock_purchase(tx: Tx, account: str, carrier_reference: str) -> SimulatedPurchase | None:
    """By the carrier's own reference, held until the transaction ends."""
    row = await tx.fetchrow(
        "SELECT * FROM sim_purchases WHERE carrier_reference = $1 AND account = $2 FOR UPDATE",
        carrier_reference,
        account,
    )
    return None if row is None else SimulatedPurchase(**dict(row))


async def list_pieces(tx: Tx, reference: str) -> list[SimulatedParcel]:
    """A purchase's parcels in their order."""
    rows = await tx.fetch("SELECT * FROM sim_parcels WHERE reference = $1 ORDER BY piece", reference)
    return [_parcel(row) for row in rows]


async def find_parcel(tx: Tx, tracking_number: str) -> tuple[SimulatedParcel, SimulatedPurchase] | None:
    """With its purchase."""
    row = await tx.fetchrow("SELECT * FROM sim_parcels WHERE tracking_number = $1", tracking_number)
    if row is None:
        return None
    purchase = await find_purchase(tx, None, row["reference"])
    assert purchase is not None
    return _parcel(row), purchase


async def void_pieces(tx: Tx, reference: str, numbers: Sequence[str], moment: dt.datetime) -> None:
    """Nothing more happens to these parcels of a purchase; with its last one the purchase is voided."""
    await tx.execute(
        "UPDATE sim_parcels SET voided_at = $3, next_scan_at = NULL, due_at = NULL "
        "WHERE reference = $1 AND tracking_number = ANY($2) AND voided_at IS NULL",
        reference,
        list(numbers),
        moment,
    )
    await tx.execute(
        "UPDATE sim_purchases SET voided_at = $2 WHERE reference = $1 AND voided_at IS NULL "
        "AND NOT EXISTS (SELECT FROM sim_parcels WHERE reference = $1 AND voided_at IS NULL)",
        reference,
        moment,
    )


async def save_progress(tx: Tx, parcel: SimulatedParcel, *, before: SimulatedParcel) -> None:
    """Its story, how much of it was told, and when the rest is due; not if it was given another story or voided since
    it was read."""
    await tx.execute(
        "UPDATE sim_parcels SET story = $2, told = $3, next_scan_at = $4, due_at = $5 "
        "WHERE tracking_number = $1 AND story = $6 AND voided_at IS NULL",
        parcel.tracking_number,
        parcel.story,
        parcel.told,
        parcel.next_scan_at,
        parcel.due_at,
        before.story,
    )


async def claim_due(tx: Tx, accounts: Sequence[str] | None, limit: int) -> list[SimulatedParcel]:
    """Parcels whose next scan is to be pushed, the longest due first; nobody else gets them for a minute."""
    rows = await tx.fetch(_CLAIM_DUE, now(), _PUSH_LEASE, None if accounts is None else list(accounts), limit)
    return sorted((_parcel(row) for row in rows), key=lambda parcel: parcel.tracking_number)


async def list_waiting(tx: Tx, accounts: Sequence[str], tracking_number: str | None) -> list[tuple[str, dt.datetime]]:
    """(account, its time of the next scan): the earliest of each account, or of that parcel."""
    rows = await tx.fetch(
        "SELECT account, min(next_scan_at) AS at FROM sim_parcels WHERE account = ANY($1) "
        "AND next_scan_at IS NOT NULL AND ($2::text IS NULL OR tracking_number = $2) GROUP BY account",
        list(accounts),
        tracking_number,
    )
    return [(row["account"], row["at"]) for row in rows]


async def note_call(
    tx: Tx,
    *,
    carrier: str,
    account: str,
    operation: str,
    outcome: str,
    reference: str | None = None,
    tracking_number: str | None = None,
) -> int:
    """Enter a call into the log; gives its number."""
    number: int = await tx.fetchval(
        "INSERT INTO sim_calls (at, carrier, account, operation, reference, tracking_number, outcome) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        now(),
        carrier,
        account,
        operation,
        reference,
        tracking_number,
        outcome,
    )
    return number


async def close_call(tx: Tx, number: int, outcome: str, tracking_number: str | None = None) -> None:
    """Say how a call that was entered before ended."""
    await tx.execute(
        "UPDATE sim_calls SET outcome = $2, tracking_number = coalesce($3, tracking_number) WHERE id = $1",
        number,
        outcome,
        tracking_number,
    )


async def list_calls(
    tx: Tx, *, accounts: Sequence[str] | None, reference: str | None, tracking_number: str | None, limit: int
) -> list[LoggedCall]:
    """The latest calls, oldest first; what is None does not narrow them."""
    rows = await tx.fetch(
        "SELECT * FROM (SELECT * FROM sim_calls WHERE ($1::text[] IS NULL OR account = ANY($1)) "
        "AND ($2::text IS NULL OR reference = $2) AND ($3::text IS NULL OR tracking_number = $3) "
        "ORDER BY id DESC LIMIT $4) latest ORDER BY id",
        None if accounts is None else list(accounts),
        reference,
        tracking_number,
        limit,
    )
    return [LoggedCall(**dict(row)) for row in rows]


async def forget_calls(tx: Tx, before: dt.datetime, limit: int) -> int:
    """Drop the oldest calls, up to `limit`; gives how many."""
    done = await tx.execute(
        "DELETE FROM sim_calls WHERE id IN (SELECT id FROM sim_calls WHERE at < $1 ORDER BY at LIMIT $2)", before, limit
    )
    return int(done.rpartition(" ")[2])


def _values(parcel: SimulatedParcel) -> tuple[object, ...]:
    return (
        parcel.tracking_number,
        parcel.piece,
        _encode(parcel.content).decode(),
        parcel.story,
        parcel.shipped_at,
        parcel.transit_days,
        _encode(parcel.route).decode(),
        parcel.told,
        parcel.next_scan_at,
        parcel.due_at,
    )


def _parcel(row: Row) -> SimulatedParcel:
    return msgspec.convert(dict(row), SimulatedParcel)
