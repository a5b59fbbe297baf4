"""`mail`: codes, links and invitations, for the operator of an installation that sends no mail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from portside.cli.root import data_dir_option, main, run
from portside.db.begin import reading
from portside.kit.clock import to_wire
from portside.kit.paging import PageRequest
from portside.kit.services import Services
from portside.notifications.models import SystemMail
from portside.notifications.queries import list_kept_mails

SHOWN = 20


@main.command()
@click.option("--to", "recipient", default="", help="Only what is meant for this address.")
@data_dir_option
def mail(recipient: str, data_dir: Path | None) -> None:
    """Show the codes, links and invitations that no server has taken, the newest last. They are as good as keys."""

    async def work(services: Services) -> Sequence[SystemMail]:
        async with reading() as tx:
            found = await list_kept_mails(tx, services.keys, PageRequest(size=500))
        return [each for each in found.rows if recipient.casefold() in ("", each.recipient.casefold())][:SHOWN]

    found = run(data_dir, work)
    for each in reversed(found):
        if each.text is not None:
            click.echo(f"To {each.recipient}, {to_wire(each.created_at)}: {each.text.subject}\n\n{each.text.text}")
    if not found:
        click.echo("No mail waits to be read.")
