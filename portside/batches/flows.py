"""Working on a batch, a portion at a time: looking at its rows, buying their labels, merging them into files.

Each portion may be the last thing this process ever does: the next one, wherever it runs, goes on from what is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from portside.batches import actions, queries, rules
from portside.batches.checks import look_at
from portside.batches.models import Batch, Row, Verdict
from portside.db.begin import begin, reading
from portside.errors import AppError
from portside.jobs.models import Postponed
from portside.kit.clock import now
from portside.kit.files import NoSuchFile
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels import flows as labels
from portside.labels.models import Buyer, LabelWish, Reservation
from portside.labels.queries import find_labels, labels_of_purchases
from portside.labels.render import Unprintable, merge_pdfs
from portside.labels.rules import NEVER_RECEIVED

_log = structlog.get_logger(__name__)

# Rows that are looked at, or bought, in one go. Other batches get their turn in between.
_PORTION = 100
# A carrier is not asked more often than so about purchases whose outcome is open, in seconds.
_LEAST_WAIT = 0.5


async def work(scope: Scope, batch_id: Id) -> bool:
    """One portion of what a batch waits for; gives whether there is more. Raises Postponed, NotFound."""
    async with reading() as tx:
        batch = await queries.get_batch(tx, scope, batch_id)
        received = await queries.list_received(tx, scope, batch_id, _PORTION)
        rows = await queries.list_in_state(tx, scope, batch_id, "valid", _PORTION)
    if batch.status == "VALIDATING":
        return (await look_at(scope, batch, received)).status == "VALIDATING"
    if batch.status == "PURCHASING" and rows:
        await _buy(scope, batch, rows)
        return True
    if batch.status in ("PURCHASING", "PURCHASED"):
        return await _end(scope, batch)
    return False


async def _buy(scope: Scope, batch: Batch, rows: Sequence[Row]) -> list[Reservation]:
    """Buy, or carry on buying, the labels of rows; gives the purchases whose outcome is open."""
    wishes = [
        LabelWish(
            purchase_id=row.purchase_id,
            rate_id=row.rate_id,
            label_file_type=batch.label_file_type,
            metadata=row.metadata,
        )
        for row in rows
        if row.rate_id is not None
    ]
    ends = await labels.buy_all(scope, wishes, batch.purchased_by or Buyer(actor=str(scope.actor)))
    again = [row for row in rows if _was_lost(ends.get(row.purchase_id)) and _may_try_again(batch, row)]
    verdicts = [_verdict(row, ends[row.purchase_id]) for row in rows if row.purchase_id in ends and row not in again]
    async with begin() as tx:
        await actions.judge_rows(tx, scope, batch.id, verdicts)
        await actions.try_again(tx, scope, batch.id, again)
    return [end for end in ends.values() if isinstance(end, Reservation) and end.purchase.state == "reserved"]


def _was_lost(end: Reservation | AppError | None) -> bool:
    """Whether the carrier, when asked, had never received the purchase: then nothing was bought."""
    if not isinstance(end, Reservation) or end.purchase.state != "rejected":
        return False
    return any(message.code == NEVER_RECEIVED for message in end.labels[0].messages)


def _may_try_again(batch: Batch, row: Row) -> bool:
    return batch.status == "PURCHASING" and row.tries < rules.MOST_TRIES


def _verdict(row: Row, end: Reservation | AppError) -> Verdict:
    if isinstance(end, AppError):
        return Verdict(row=row, state="failed", messages=(end.body(),))
    purchase, master = end.purchase, end.labels[0]
    if purchase.state == "reserved":
        flagged = ({"detail": purchase.flag_reason},) if purchase.flag_reason else ()
        return Verdict(row=row, state="open", label_id=master.id, messages=flagged)
    if master.file_key is not None:
        return Verdict(row=row, state="bought", label_id=master.id)
    messages = tuple(msgspec.to_builtins(message) for message in master.messages)
    return Verdict(row=row, state="failed", label_id=master.id, messages=messages)


async def _end(scope: Scope, batch: Batch) -> bool:
    """Ask about what is open, then merge the labels; gives whether there are rows to be bought again.

    Raises Postponed while a carrier will be asked again. What waits for a person holds nobody up: should it turn out
    to be bought one day, the files are merged anew.
    """
    is_news, wait = await _ask_about_open_rows(scope, batch)
    async with reading() as tx:
        if await queries.list_in_state(tx, scope, batch.id, "valid", 1):
            return True
    if batch.status == "PURCHASING" and wait is not None:
        raise Postponed(wait)
    if batch.status == "PURCHASING" or is_news:
        keys = await _merged_files(scope, batch)
        async with begin() as tx:
            await actions.complete_purchase(tx, scope, batch.id, keys)
    return False


async def _ask_about_open_rows(scope: Scope, batch: Batch) -> tuple[bool, float | None]:
    """Whether anything is known now of any of them, and in how many seconds the carriers may be asked about the rest;
    None when only a person can help."""
    after, is_news = 0, False
    waits: list[float] = []
    while True:
        async with reading() as tx:
            rows = await queries.list_in_state(tx, scope, batch.id, "open", _PORTION, after)
        if not rows:
            return is_news, min(waits, default=None)
        after = rows[-1].position
        still_open = await _buy(scope, batch, rows)
        is_news = is_news or len(still_open) < len(rows)
        due = [end.purchase.settle_after for end in still_open if end.purchase.flagged_at is None]
        waits += [max(_LEAST_WAIT, (moment - now()).total_seconds()) for moment in due if moment is not None]


async def _merged_files(scope: Scope, batch: Batch) -> list[str]:
    """Store the labels of a batch a hundred to a file, in the order of its rows; gives the files' keys."""
    found = await _label_files(scope, batch)
    kinds = {"pdf": [key for key in found if not key.endswith(".zpl")], "zpl": [k for k in found if k.endswith(".zpl")]}
    keys: list[str] = []
    for extension, all_of_kind in kinds.items():
        for start in range(0, len(all_of_kind), rules.LABELS_PER_FILE):
            contents = await _contents(all_of_kind[start : start + rules.LABELS_PER_FILE])
            try:
                merged = b"".join(contents) if extension == "zpl" else await asyncio.to_thread(merge_pdfs, contents)
            except Unprintable as error:
                _log.error("labels_not_merged", batch=batch.id, error=str(error))
                continue
            key = rules.file_key(scope.account_id, batch.id, len(keys) + 1, extension)
            await services().files.put(key, merged)
            keys.append(key)
    return keys


async def _label_files(scope: Scope, batch: Batch) -> list[str]:
    """The files of all labels of a batch, every piece of a row's purchase, in the order of the rows."""
    files: list[str] = []
    after = 0
    while True:
        async with reading() as tx:
            rows = await queries.list_in_state(tx, scope, batch.id, "bought", 5 * _PORTION, after)
            masters = await find_labels(tx, scope, [row.label_id for row in rows if row.label_id])
            pieces = await labels_of_purchases(tx, scope, list({each.purchase_id for each in masters.values()}))
        if not rows:
            return files
        after = rows[-1].position
        bought = [masters[row.label_id].purchase_id for row in rows if row.label_id in masters]
        files += [label.file_key for purchase_id in bought for label in pieces[purchase_id] if label.file_key]


async def _contents(keys: Sequence[str]) -> list[bytes]:
    contents = []
    for key in keys:
        try:
            contents.append(await services().files.get(key))
        except NoSuchFile:
            _log.error("label_file_missing", key=key)
    return contents
