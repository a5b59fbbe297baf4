"""A carrier account as it is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

# How an account that signs in at its carrier (OAuth) stands.
Authorization = Literal["disconnected", "authorization_pending", "connected"]
Parameter = str | bool | int | float
# What a client sends for one parameter: null clears it, the mask leaves it as it is.
ParameterGiven = Parameter | None

# Stands for every secret in answers.
MASK = "******"

# Our own accounts with carriers that registration opens, by the names that Shippo gives them.
SHIPPO_ACCOUNTS: Mapping[str, str] = {
    "canada_post": "shippo_canada_post_account",
    "chronopost": "shippo_chronopost_account",
    "colissimo": "shippo_colissimo_account",
    "correos_espana": "shippo_correos_account",
    "deutsche_post": "shippo_deutsche_post_account",
    "dhl_express": "shippo_dhlexpress_account",
    "dpd_de": "shippo_dpd_de_account",
    "dpd_uk": "shippo_dpd_uk_account",
    "fedex": "shippo_fedex_account",
    "hermes_uk": "shippo_hermes_uk_account",
    "mondial_relay": "shippo_mondial_relay_account",
    "poste_italiane": "shippo_poste_italiane_account",
    "royal_mail": "shippo_royal_mail_account",
    "sendle": "shippo_sendle_account",
    "ups": "shippo_ups_account",
    "usps": "shippo_usps_account",
}

# Carriers whose own accounts are connected by signing in at the carrier (OAuth 2.0).
SIGN_IN_CARRIERS = frozenset({"ups"})


class CarrierAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`account_id` is the carrier's number for it. The parameters are sealed; `parameter_names` may be shown."""

    id: Id
    carrier: str
    account_id: str
    parameters_sealed: bytes | None
    parameter_names: tuple[str, ...]
    active: bool
    is_test: bool
    is_shippo_account: bool
    metadata: str
    authorization: Authorization | None
    created_at: dt.datetime
    updated_at: dt.datetime


class CarrierAccountDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An own account to be connected, with the scope it belongs to (law 3)."""

    scope: Scope
    carrier: str
    account_id: str
    parameters: Mapping[str, ParameterGiven]
    active: bool
    is_test: bool
    metadata: str


class CarrierAccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants to be different; None leaves it."""

    carrier: str | None = None
    account_id: str | None = None
    parameters: Mapping[str, ParameterGiven] = {}
    active: bool | None = None
    is_test: bool | None = None
    metadata: str | None = None
