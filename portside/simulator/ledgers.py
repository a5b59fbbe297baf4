"""The simulated carriers' ledgers of what is handed over: forms for whole days, and pickups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from portside.db.tx import Row, Tx
from portside.simulator.geography import CarrierToken
from portside.simulator.label_types import Party


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A day's form as it is printed; `services` are (name, parcels), `numbers` the parcels' in the order given."""

    number: str
    carrier: CarrierToken
    account_number: str
    sender: Party
    ship_date: dt.date
    services: tuple[tuple[str, int], ...]
    numbers: tuple[str, ...]


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """A booked pickup; `cancel_by` is by the account's clock."""

    reference: str
    carrier: CarrierToken
    account: str
    confirmation_code: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cancel_by: dt.datetime
    timezone: str
    messages: tuple[str, ...] = ()
    cancelled_at: dt.datetime | None = None


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledgers look at of a parcel: is its label still good, is it on a form, which magic words it brought."""

    tracking_number: str
    service_name: str
    magic: str
    is_voided: bool
    manifest: str | None


async def list_parcels(tx: Tx, carrier: CarrierToken, account: str, numbers: Sequence[str]) -> list[Handed]:
    """Those of the numbers that the account has bought, held until the transaction ends."""
    rows = await tx.fetch(
        "SELECT p.tracking_number, p.content->>'service_name' AS service_name, s.magic, p.manifest, "
        "  p.voided_at IS NOT NULL AS is_voided "
        "FROM sim_parcels p JOIN sim_purchases s USING (reference) "
        "WHERE p.carrier = $1 AND p.account = $2 AND p.tracking_number = ANY($3) "
        "ORDER BY p.tracking_number FOR NO KEY UPDATE OF p",
        carrier,
        account,
        list(numbers),
    )
    return [Handed(**dict(row)) for row in rows]


async def find_form(tx: Tx, account: str, reference: str) -> Form | None:
    """The form that a reference has made."""
    content = await tx.fetchval(
        "SELECT content FROM sim_manifests WHERE reference = $1 AND account = $2", reference, account
    )
    return None if content is None else msgspec.convert(content, Form)


async def save_form(tx: Tx, account: str, reference: str, form: Form, moment: dt.datetime) -> None:
    """Enter a form and put its parcels on it."""
    await tx.execute(
        "INSERT INTO sim_manifests (reference, carrier, account, number, content, made_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        reference,
        form.carrier,
        account,
        form.number,
        form,
        moment,
    )
    await tx.execute(
        "UPDATE sim_parcels SET manifest = $2 WHERE tracking_number = ANY($1)", list(form.numbers), form.number
    )


async def lock_reference(tx: Tx, reference: str) -> None:
    """Let calls with one reference follow each other until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"simulator {reference}")


async def next_serial(tx: Tx, kind: str) -> int:
    """A number that no other `manifest` or `pickup` has had."""
    serial: int = await tx.fetchval(f"SELECT nextval('sim_{kind}_serials')")
    return serial


async def find_pickup(tx: Tx, account: str, reference: str) -> Pickup | None:
    """The pickup that a reference has booked."""
    row = await tx.fetchrow("SELECT * FROM sim_pickups WHERE reference = $1 AND account = $2", reference, account)
    return None if row is None else _pickup(row)


async def lock_pickup(tx: Tx, account: str, confirmation_code: str) -> Pickup | None:
    """By the carrier's own code, held until the transaction ends."""
    row = await tx.fetchrow(
        "SELECT * FROM sim_pickups WHERE confirmation_code = $1 AND account = $2 FOR UPDATE", confirmation_code, account
    )
    return None if row is None else _pickup(row)


async def save_pickup(tx: Tx, pickup: Pickup, moment: dt.datetime) -> None:
    """Enter a pickup."""
    await tx.execute(
        "INSERT INTO sim_pickups (reference, carrier, account, confirmation_code, starts_at, ends_at, cancel_by, "
        "timezone, messages, booked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        pickup.reference,
        pickup.carrier,
        pickup.account,
        pickup.confirmation_code,
        pickup.starts_at,
        pickup.ends_at,
        pickup.cancel_by,
        pickup.timezone,
        list(pickup.messages),
        moment,
    )


async def cancel_pickup(tx: Tx, reference: str, moment: dt.datetime) -> None:
    """Nobody comes."""
    await tx.execute("UPDATE sim_pickups SET cancelled_at = $2 WHERE reference = $1", reference, moment)


def _pickup(row: Row) -> Pickup:
    fields = {name: row[name] for name in Pickup.__struct_fields__}
    return Pickup(**{**fields, "messages": tuple(row["messages"])})
