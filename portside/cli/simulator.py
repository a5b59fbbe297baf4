"""Commands for the simulated carriers: their clock, their parcels' stories, their call log, the magic words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import msgspec

from portside.accounts import queries
from portside.cli.root import data_dir_option, main, run
from portside.db.begin import reading
from portside.errors import BadRequest
from portside.kit.scope import Scope
from portside.kit.services import Services
from portside.simulations import flows, wire
from portside.simulations.models import CallFilter, Moment
from portside.simulator.books import LoggedCall
from portside.simulator.magic import describe

email_option = click.option("--email", required=True, help="The account owner's e-mail.")


@main.group()
def simulator() -> None:
    """Move the simulated carriers' clock on, choose stories, see their call log."""


@simulator.command("advance")
@email_option
@click.option("--seconds", type=float)
@click.option("--hours", type=float)
@click.option("--days", type=float)
@click.option("--to-next-scan", is_flag=True, help="To the next scan of any parcel, or of --tracking-number.")
@click.option("--tracking-number", help="With --to-next-scan: of this parcel.")
@data_dir_option
def advance(
    email: str,
    seconds: float | None,
    hours: float | None,
    days: float | None,
    to_next_scan: bool,
    tracking_number: str | None,
    data_dir: Path | None,
) -> None:
    """Set the clock of an account's simulated carriers forward and let them tell what has happened since."""
    given = wire.AdvanceIn(
        seconds=seconds, hours=hours, days=days, to_next_scan=to_next_scan, tracking_number=tracking_number
    )
    step = wire.step(given)
    _show(run(data_dir, lambda _: _moved(email, lambda scope: flows.advance(scope, step))))


@simulator.command("clock")
@email_option
@click.option("--speed", type=float, help="From now on, simulated seconds per real second.")
@data_dir_option
def clock(email: str, speed: float | None, data_dir: Path | None) -> None:
    """Show the time at an account's simulated carriers, or let it run faster."""
    if speed is None:
        _show(run(data_dir, lambda _: _moved(email, flows.look)))
    else:
        checked = wire.speed(wire.SpeedIn(speed=speed))
        _show(run(data_dir, lambda _: _moved(email, lambda scope: flows.set_speed(scope, checked))))


@simulator.command("story")
@email_option
@click.argument("tracking_number")
@click.argument("story")
@data_dir_option
def story(email: str, tracking_number: str, story: str, data_dir: Path | None) -> None:
    """Choose what happens to a simulated parcel from now on."""
    plot = wire.story(wire.StoryIn(tracking_number=tracking_number, story=story))
    _show(run(data_dir, lambda _: _moved(email, lambda scope: flows.choose_story(scope, tracking_number, plot))))


@simulator.command("calls")
@email_option
@click.option("--reference", default="", help="Only calls about this purchase.")
@click.option("--tracking-number", default="", help="Only calls about this number.")
@data_dir_option
def calls(email: str, reference: str, tracking_number: str, data_dir: Path | None) -> None:
    """List the account's latest calls that reached a simulated carrier, one JSON object a line, oldest first."""
    wanted = CallFilter(reference=reference, tracking_number=tracking_number)

    async def work(_services: Services) -> list[LoggedCall]:
        return await flows.list_calls(await _scope(email), wanted)

    for call in run(data_dir, work):
        click.echo(msgspec.json.encode(wire.call_out(call)).decode())


@simulator.command("words")
def words() -> None:
    """List the magic words that a shipment's or label's metadata may hold."""
    for word, operation, effect in describe():
        click.echo(f"{word:32} {operation:10} {effect}")


async def _moved(email: str, work: Callable[[Scope], Awaitable[Moment]]) -> Moment:
    return await work(await _scope(email))


async def _scope(email: str) -> Scope:
    """The account's test mode: the only one that has simulated carriers."""
    async with reading() as tx:
        account = await queries.find_account_by_email(tx, email)
        if account is None:
            raise BadRequest(f"There is no account of {email}.")
        return await queries.get_scope(tx, account.id, "test")


def _show(moment: Moment) -> None:
    click.echo(msgspec.json.encode(wire.clock_out(moment)).decode())
