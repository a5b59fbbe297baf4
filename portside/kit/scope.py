"""Whose data it is and who is acting: `Scope` opens every query and action (law 3)."""

from __future__ import annotations

from typing import Literal

import msgspec

from portside.kit.ids import Id

Mode = Literal["test", "live"]
ActorKind = Literal["user", "token", "app", "system"]


class Actor(msgspec.Struct, frozen=True):
    """Who does it: a person, an API token, a partner's app, or Portside itself; written on each event row."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor("system", "portside")


class Scope(msgspec.Struct, frozen=True):
    """One account in one mode, and who acts for it. `owner` is the account's e-mail, shown as `object_owner`."""

    account_id: Id
    mode: Mode
    owner: str
    actor: Actor = SYSTEM

    @property
    def is_test(self) -> bool:
        return self.mode == "test"
