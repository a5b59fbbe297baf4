"""The command for purchases that wait for a person because nobody knows whether a label was bought."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from portside.accounts.queries import get_scope
from portside.alerts.flows import release
from portside.cli.root import data_dir_option, main, run
from portside.db.begin import reading
from portside.errors import NotFound
from portside.kit.ids import as_id
from portside.kit.services import Services
from portside.labels.models import FlaggedPurchase
from portside.labels.queries import list_flagged

_NOT_WAITING = "No purchase of that id waits for a person."


@main.command("purchases")
@click.option("--release", "released", metavar="ID", help="Its carrier has no label of it: let it be bought again.")
@click.option("--limit", default=100, show_default=True)
@data_dir_option
def purchases(released: str | None, limit: int, data_dir: Path | None) -> None:
    """List purchases that wait for a person, one JSON object a line, or release one of them."""

    async def listed(_services: Services) -> list[FlaggedPurchase]:
        async with reading() as tx:
            return await list_flagged(tx, limit)

    async def let_go(_services: Services) -> None:
        purchase_id = as_id(released or "")
        if purchase_id is None:
            raise NotFound(_NOT_WAITING)
        async with reading() as tx:
            found = await list_flagged(tx, 1, purchase_id)
            if not found:
                raise NotFound(_NOT_WAITING)
            scope = await get_scope(tx, found[0].account_id, found[0].mode)
        if not await release(scope, purchase_id):
            raise NotFound(_NOT_WAITING)

    if released is None:
        for purchase in run(data_dir, listed):
            click.echo(msgspec.json.encode(purchase).decode())
    else:
        run(data_dir, let_go)
        click.echo(f"{released} is released.")
