"""Making manifests: labels taken (tx), the carrier's forms fetched and stored (no tx), the outcome (tx).

Each function may be the last one this process ever runs: the job that was queued with the manifest carries it on, and
the carrier, asked again by the same reference, gives the form that exists.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import structlog

from portside.addresses.actions import create_addresses
from portside.addresses.models import Address
from portside.addresses.queries import find_addresses, get_address
from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import get_carrier_account, list_active
from portside.carrier_accounts.rules import credentials
from portside.carriers import client
from portside.carriers.catalogue import carrier_name
from portside.carriers.contract import CallContext, ManifestRequest
from portside.carriers.errors import CarrierError
from portside.carriers.registry import find_adapter
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import FieldErrors, NotFound, Unavailable
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.kit.timezones import local_day, zone_of
from portside.labels.queries import find_labels
from portside.labels.wire import ACCOUNT_NOT_FOUND
from portside.manifests import actions, queries, rules, wire
from portside.manifests.models import Manifest, ManifestDraft, Wanted
from portside.shipments.rules import party, same_address
from portside.shipments.wire import ADDRESS_NOT_FOUND

_log = structlog.get_logger(__name__)


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier is asked for, form by form: which labels, and the request that lists them."""

    carrier: str
    requests: tuple[tuple[tuple[Id, ...], ManifestRequest], ...]
    context: CallContext


async def make_manifest(scope: Scope, wanted: Wanted) -> Manifest:
    """A manifest, QUEUED; unless `wanted.is_async` with its outcome. Raises FieldErrors."""
    # The table of ZIP codes is read at its first use.
    await asyncio.to_thread(zone_of, "US", "10001")
    manifest_id = new_id()
    async with begin() as tx:
        account = await _account(tx, scope, wanted)
        address = await _address(tx, scope, wanted)
        draft = ManifestDraft(
            id=manifest_id,
            carrier_account_id=account.id,
            carrier=account.carrier,
            shipment_date=wanted.shipment_date,
            address_from_id=address.id,
            label_ids=await _label_ids(tx, scope, wanted, account.id, address),
            takes_what_is_left=wanted.label_ids is None,
        )
        ask_at = None if wanted.is_async else now() + dt.timedelta(seconds=_claim_seconds(len(draft.label_ids)))
        manifest = await actions.create_manifest(tx, scope, draft, ask_at)
    if wanted.is_async or manifest.status != "QUEUED":
        return manifest
    try:
        await carry_out(scope, manifest_id)
    except Postponed:
        _log.info("manifest_left_to_its_job", manifest=manifest_id)
    async with reading() as tx:
        return await queries.get_manifest(tx, scope, manifest_id)


async def carry_out(scope: Scope, manifest_id: Id) -> None:
    """Ask the carrier, if nobody else is doing so. Raises Postponed until the outcome is known."""
    async with reading() as tx:
        manifest = await queries.get_manifest(tx, scope, manifest_id)
    async with begin() as tx:
        claimed = await actions.claim_manifest(tx, scope, manifest_id, _claim_seconds(len(manifest.label_ids)))
    if claimed is None:
        if manifest.status == "QUEUED":
            raise Postponed(max((manifest.next_try_at - now()).total_seconds(), 1.0))
        return
    errand = await _errand(scope, claimed)
    documents: list[str] = []
    for number, (_, request) in enumerate(errand.requests):
        try:
            form = await client.manifest(errand.carrier, request, errand.context)
        except CarrierError as failure:
            await _failed(scope, claimed, errand, documents, failure)
            return
        key = rules.file_key(scope.account_id, manifest_id, number, errand.carrier)
        try:
            await services().files.put(key, form.content)
        except (OSError, Unavailable) as error:
            # The form is made and can be had again by its reference.
            await _put_off(scope, claimed, repr(error))
        documents.append(key)
    async with begin() as tx:
        await actions.complete_manifest(tx, scope, manifest_id, documents)


async def _failed(
    scope: Scope, manifest: Manifest, errand: Errand, documents: Sequence[str], failure: CarrierError
) -> None:
    """The carrier refused, or it is to be asked again."""
    moment = now()
    is_passing = failure.retryable or failure.kind == "timeout_unknown"
    if is_passing and moment - manifest.created_at < rules.GIVEN_UP_AFTER:
        await _put_off(scope, manifest, failure.text)
    released = [label_id for ids, _ in errand.requests[len(documents) :] for label_id in ids]
    errors = [f"{carrier_name(errand.carrier)}: {failure.text}"]
    if documents:
        errors.append(f"{len(released)} of {len(manifest.label_ids)} transactions are on no document.")
    async with begin() as tx:
        await actions.reject_manifest(tx, scope, manifest.id, documents, errors, released)


async def _put_off(scope: Scope, manifest: Manifest, why: str) -> NoReturn:
    """Raises Postponed, always."""
    pause = rules.next_pause(manifest, now())
    _log.warning("manifest_put_off", manifest=manifest.id, carrier=manifest.carrier, why=why)
    async with begin() as tx:
        await actions.put_off_manifest(tx, scope, manifest.id, pause)
    raise Postponed(pause)


async def _errand(scope: Scope, manifest: Manifest) -> Errand:
    async with reading() as tx:
        account = await get_carrier_account(tx, scope, manifest.carrier_account_id)
        address = (await get_address(tx, scope, manifest.address_from_id)).address
        labels = await find_labels(tx, scope, manifest.label_ids)
    zone = await asyncio.to_thread(zone_of, address.country, address.zip)
    adapter = find_adapter(manifest.carrier)
    requests = []
    most = adapter.limits.manifest_labels if adapter else len(manifest.label_ids)
    for number, ids in enumerate(rules.in_forms(manifest.label_ids, most)):
        request = ManifestRequest(
            reference=f"{manifest.id}-{number}",
            ship_from=party(address),
            ship_date=local_day(manifest.shipment_date, zone),
            tracking_numbers=tuple(labels[label_id].tracking_number or "" for label_id in ids),
        )
        requests.append((tuple(ids), request))
    context = CallContext(credentials=credentials(account), timeout=services().settings.buy_deadline_seconds)
    return Errand(carrier=manifest.carrier, requests=tuple(requests), context=context)


async def _account(tx: Tx, scope: Scope, wanted: Wanted) -> CarrierAccount:
    """The carrier account. Raises FieldErrors: there is none, or its carrier makes no manifests."""
    field = "carrier_account" if wanted.carrier_account_id else "provider"
    if wanted.carrier_account_id is not None:
        try:
            account = await get_carrier_account(tx, scope, wanted.carrier_account_id)
        except NotFound as error:
            raise FieldErrors({field: [ACCOUNT_NOT_FOUND]}) from error
    else:
        named = wanted.provider.casefold()
        of_carrier = [
            account
            for account in await list_active(tx, scope)
            if named in (account.carrier, carrier_name(account.carrier).casefold())
        ]
        if not of_carrier:
            raise FieldErrors({field: [f"Invalid value specified for provider '{wanted.provider[:50]}'"]})
        account = of_carrier[0]
    if not client.can(account.carrier, "manifest"):
        raise FieldErrors({field: [f"{carrier_name(account.carrier)} takes no manifests."]})
    return account


async def _address(tx: Tx, scope: Scope, wanted: Wanted) -> Address:
    """The address. One that was sent back as the API returned it is the same, changed in any way it is a new one."""
    found = await find_addresses(tx, scope, [wanted.address_id]) if wanted.address_id else {}
    stored = next((each.address for each in found.values()), None)
    if wanted.address is None:
        if stored is None:
            raise FieldErrors({"address_from": [ADDRESS_NOT_FOUND]})
        return stored
    if stored is not None and same_address(stored, wanted.address.address):
        return stored
    (made,) = await create_addresses(tx, [wanted.address])
    return made.address


async def _label_ids(tx: Tx, scope: Scope, wanted: Wanted, carrier_account_id: Id, address: Address) -> tuple[Id, ...]:
    """The labels to be on it, newest first unless they were named. Raises FieldErrors naming those that cannot be."""
    if wanted.label_ids is None:
        zone = zone_of(address.country, address.zip)
        day = local_day(wanted.shipment_date, zone)
        return tuple(
            label.id
            for label in await queries.list_candidates(
                tx, scope, carrier_account_id, wanted.shipment_date, wire.LONGEST
            )
            if not label.is_return and rules.is_of_day(label, day, zone) and rules.is_same_place(label.origin, address)
        )
    found = await queries.find_candidates(tx, scope, wanted.label_ids)
    reasons = {each: rules.why_not(found.get(each), carrier_account_id, address) for each in wanted.label_ids}
    if wrong := [wire.transaction_error(each, reason) for each, reason in reasons.items() if reason]:
        raise FieldErrors({"transactions": wrong})
    return wanted.label_ids


def _claim_seconds(labels: int) -> float:
    """Longer than all calls for so many labels may take; the carrier's client may call twice within its patience."""
    return (2 * services().settings.buy_deadline_seconds + 5) * (1 + labels // 500)
