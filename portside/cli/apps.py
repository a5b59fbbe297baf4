"""Commands about partner apps. They print JSON, because scripts set up stores with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from portside.accounts.actions import open_operator_account
from portside.accounts.queries import find_account_by_email
from portside.apps import actions, queries
from portside.apps.flows import store_logo
from portside.apps.logos import draw_logo
from portside.apps.models import App, AppDraft
from portside.cli.root import data_dir_option, main, run
from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import BadRequest
from portside.kit.scope import Scope
from portside.kit.services import Services

off_option = click.option("--off", is_flag=True, help="Take it back.")


@main.command("create-app")
@click.option("--name", required=True, help="What people are asked to connect to.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True, help="May be given several times.")
@click.option("--origin", "origins", multiple=True, help="A site that may show the connect page in a frame.")
@click.option("--site", default="", help="The address of the partner's site.")
@click.option(
    "--email", default=None, help="The owner of the account it belongs to. Omit for an app of the operator's."
)
@click.option("--live/--test", default=False, show_default=True, help="Whether accounts may grant live access.")
@click.option("--certified", is_flag=True, help="List it in the directory, and show its logo on its orders.")
@click.option("--logo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A PNG or JPEG.")
@data_dir_option
def create_app(
    name: str,
    redirect_uris: tuple[str, ...],
    origins: tuple[str, ...],
    site: str,
    email: str | None,
    live: bool,
    certified: bool,
    logo: Path | None,
    data_dir: Path | None,
) -> None:
    """Register a partner app that is approved; prints it as JSON, with the secret, which cannot be shown again."""

    picture = logo.read_bytes() if logo is not None else None

    async def work(_services: Services) -> dict[str, Any]:
        # First, for a secret that was made and not printed would be lost.
        drawn = await _drawn(picture) if picture is not None else None
        async with begin() as tx:
            scope = await _owner(tx, email)
            draft = AppDraft(
                scope=scope,
                name=name,
                redirect_uris=redirect_uris,
                origins=origins,
                site_url=site,
                live=live,
                certified=certified,
                approved=True,
            )
            app, secret = await actions.create_app(tx, draft)
        if drawn is not None:
            await store_logo(scope, app.id, drawn, by_operator=True)
        return _made(app, secret)

    click.echo(json.dumps(run(data_dir, work)))


@main.command("certify-app")
@click.argument("client_id")
@off_option
@data_dir_option
def certify_app(client_id: str, off: bool, data_dir: Path | None) -> None:
    """List an app in the integrations directory, and show its logo on its orders."""

    async def work(_services: Services) -> None:
        async with begin() as tx:
            await actions.certify_app(tx, client_id, not off)

    run(data_dir, work)
    click.echo(f"{client_id} is {'no longer' if off else 'now'} certified.")


@main.command("approve-app")
@click.argument("client_id")
@off_option
@data_dir_option
def approve_app(client_id: str, off: bool, data_dir: Path | None) -> None:
    """Take all of an app's origins for verified."""

    async def work(_services: Services) -> None:
        async with begin() as tx:
            await actions.approve_app(tx, client_id, not off)

    run(data_dir, work)
    click.echo(f"{client_id} is {'no longer' if off else 'now'} approved.")


@main.command("list-apps")
@data_dir_option
def list_apps(data_dir: Path | None) -> None:
    """Print every partner app, one JSON object per line, newest first."""

    async def work(_services: Services) -> list[dict[str, Any]]:
        async with reading() as tx:
            apps = await queries.list_all_apps(tx)
            owners = await queries.find_owner_emails(tx, {app.account_id for app in apps})
            connected = await queries.count_connected_accounts(tx, [app.id for app in apps])
        return [_line(app, owners.get(app.account_id, ""), connected.get(app.id, 0)) for app in apps]

    for line in run(data_dir, work):
        click.echo(json.dumps(line))


def _made(app: App, secret: str) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "client_secret": secret,
        "name": app.name,
        "redirect_uris": app.redirect_uris,
        "origins": [known.origin for known in app.origins],
        "live": app.live,
        "certified": app.certified,
    }


def _line(app: App, owner: str, connected: int) -> dict[str, Any]:
    return {
        "client_id": app.client_id,
        "name": app.name,
        "owner": owner,
        "live": app.live,
        "certified": app.certified,
        "approved": app.approved,
        "origins": {known.origin: app.approved or known.verified_at is not None for known in app.origins},
        "connected_accounts": connected,
        "created": app.created_at.isoformat(),
    }


async def _drawn(picture: bytes) -> bytes:
    try:
        return await draw_logo(picture)
    except ValueError as refused:
        raise BadRequest(str(refused)) from refused


async def _owner(tx: Tx, email: str | None) -> Scope:
    if email is None:
        return await open_operator_account(tx)
    account = await find_account_by_email(tx, email)
    if account is None:
        raise BadRequest(f"There is no account of {email}; make one with `portside create-account`.")
    return Scope(account.id, "live", account.email)
