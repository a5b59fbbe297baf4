"""Commands that make accounts and tokens."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from portside.accounts import actions, queries
from portside.audit.actions import note
from portside.cli.root import data_dir_option, main, run, run_on_database, settings_for
from portside.db.begin import begin
from portside.errors import BadRequest
from portside.kit.ids import Id
from portside.kit.scope import Actor, Scope

if TYPE_CHECKING:
    from portside.kit.services import Services

# Who uses these commands, in the audit log.
OPERATOR = Actor("system", "operator")


@main.command("create-account")
@click.option("--email", required=True, help="The owner's e-mail, also the name to sign in with.")
@click.option("--company", default="", help="The company's name.")
@click.option("--name", default="", help="The owner's name.")
@click.option("--password", default=None, help="Omit to have one made and printed.")
@click.option("--unverified", is_flag=True, help="The owner has to verify the e-mail before live tokens and members.")
@data_dir_option
def create_account(
    email: str, company: str, name: str, password: str | None, unverified: bool, data_dir: Path | None
) -> None:
    """Create an account with its owner; prints the password if it was made here."""
    made = password or secrets.token_urlsafe(12)

    async def work(services: Services) -> None:
        await open_account(services, email=email, company=company, name=name, password=made, is_verified=not unverified)

    run(data_dir, work)
    click.echo(f"{email} can sign in now." + ("" if password else f" Password: {made}"))


async def open_account(
    services: Services, *, email: str, company: str, name: str, password: str, is_verified: bool = True
) -> Id:
    """An account as everybody gets it: an owner who can sign in, and the default carrier accounts."""
    from portside.people import actions as people

    if "@" not in email or email.strip() != email:
        raise BadRequest(f"{email!r} is not an e-mail address.")
    password_hash = await services.passwords.hash(password)
    async with begin() as tx:
        account_id = await people.open_account(
            tx, email=email, company=company, name=name, password_hash=password_hash, is_verified=is_verified
        )
        await note(tx, Scope(account_id, "test", email, OPERATOR), "account.opened", email)
    return account_id


@main.command("create-token")
@click.option("--email", required=True, help="The account owner's e-mail.")
@click.option("--mode", type=click.Choice(["test", "live"]), default="test", show_default=True)
@click.option("--name", default="command line", help="What the token is for, shown in the token list.")
@data_dir_option
def create_token(email: str, mode: Literal["test", "live"], name: str, data_dir: Path | None) -> None:
    """Create an API token; prints the token and nothing else. It cannot be shown again."""

    async def work() -> str:
        async with begin() as tx:
            account = await queries.find_account_by_email(tx, email)
            if account is None:
                raise BadRequest(f"There is no account of {email}; make one with `portside create-account`.")
            await note(tx, Scope(account.id, mode, email, OPERATOR), "token.created", name, {"mode": mode})
            return await actions.create_token(tx, account.id, mode, name=name)

    click.echo(run_on_database(settings_for(data_dir), work))
