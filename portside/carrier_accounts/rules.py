"""Facts about carrier accounts: how parameters change, what a carrier is shown of them, who signs in where."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from portside.carrier_accounts.models import (
    MASK,
    SIGN_IN_CARRIERS,
    CarrierAccount,
    CarrierAccountChange,
    Parameter,
    ParameterGiven,
)
from portside.carriers.contract import Credentials
from portside.errors import FieldErrors
from portside.kit.crypto import place
from portside.kit.ids import Id
from portside.kit.services import services

LONGEST_URL = 2000


def changed_parameters(old: Mapping[str, Parameter], given: Mapping[str, ParameterGiven]) -> dict[str, Parameter]:
    """Omitted or masked: unchanged; null: cleared; anything else: set."""
    kept = {name: value for name, value in old.items() if given.get(name, MASK) is not None}
    return kept | {name: value for name, value in given.items() if value is not None and value != MASK}


def signs_in(carrier: str, *, is_shippo_account: bool) -> bool:
    """Whether such an account is connected by signing in at the carrier."""
    return carrier in SIGN_IN_CARRIERS and not is_shippo_account


def check_change(account: CarrierAccount, change: CarrierAccountChange) -> None:
    """Raises FieldErrors for what no account, or no account of the platform's, lets change."""
    errors: dict[str, list[str]] = {}
    if change.carrier not in (None, account.carrier):
        errors["carrier"] = ["The carrier of an account cannot be changed. Create another account."]
    if account.is_shippo_account and change.account_id not in (None, account.account_id):
        errors["account_id"] = ["The account_id of a Shippo account cannot be changed."]
    if account.is_shippo_account and any(value != MASK for value in change.parameters.values()):
        errors["parameters"] = ["The parameters of a Shippo account cannot be changed."]
    if errors:
        raise FieldErrors(errors)


def seal_parameters(account_id: Id, parameters: Mapping[str, Parameter]) -> bytes | None:
    """The parameters as they are stored in the row of that id; None for none."""
    if not parameters:
        return None
    return services().keys.seal(msgspec.json.encode(parameters), _place(account_id))


def open_parameters(account: CarrierAccount) -> dict[str, Parameter]:
    """The parameters in clear. Raises CannotOpen if the key ring is not the one that sealed them."""
    if account.parameters_sealed is None:
        return {}
    return msgspec.json.decode(
        services().keys.open(account.parameters_sealed, _place(account.id)), type=dict[str, Parameter]
    )


def credentials(account: CarrierAccount) -> Credentials:
    """What an adapter needs of the account, its parameters as text. Raises CannotOpen."""
    parameters = {name: _text(value) for name, value in open_parameters(account).items()}
    return Credentials(id=account.id, number=account.account_id, is_test=account.is_test, parameters=parameters)


def is_redirect_target(url: str) -> bool:
    """Whether a browser can be sent there after signing in: an absolute http(s) URL of plain ASCII, no fragment."""
    if len(url) > LONGEST_URL or not url.isascii() or any(character <= " " for character in url):
        return False
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and named and "@" not in parts.netloc and not parts.fragment


def with_query(url: str, **added: str) -> str:
    """The URL with these added to its query; of what it has already, the added win."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in added]
    return urlunsplit(parts._replace(query=urlencode([*kept, *added.items()])))


def _place(account_id: Id) -> str:
    return place("carrier_accounts", "parameters_sealed", account_id)


def _text(value: Parameter) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
