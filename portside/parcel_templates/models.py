"""A packaging that an account has described."""

from __future__ import annotations

import datetime as dt

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.units import DistanceUnit, MassUnit


class UserTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and weight are decimal text, kept as they were sent; `weight` is None where only the contents weigh.

    `carrier_template` is a token of carriers/templates.py: this is that packaging, and has its dimensions.
    """

    id: Id
    name: str
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit
    weight: str | None = None
    weight_unit: MassUnit | None = None
    carrier_template: str | None = None


class UserTemplateDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A template to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    template: UserTemplate


class StoredUserTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template, and when it was written and changed."""

    template: UserTemplate
    created_at: dt.datetime
    updated_at: dt.datetime
