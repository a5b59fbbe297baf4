"""An account's logo, on its way into the file store and out again."""

from __future__ import annotations

import re
import secrets

from portside.apps.logos import draw_logo
from portside.branding import actions
from portside.db.begin import begin
from portside.errors import FieldErrors, NotFound
from portside.kit.files import NoSuchFile
from portside.kit.scope import Scope
from portside.kit.services import services

_NAME = re.compile(r"[0-9a-f]{32}\.png")


async def save_logo(scope: Scope, content: bytes, *, address: str = "") -> None:
    """Draw a picture anew, as apps' logos are, and show it. Raises FieldErrors on `logo`, StoreUnavailable."""
    try:
        drawn = await draw_logo(content)
    except ValueError as refused:
        raise FieldErrors({"logo": [str(refused)]}) from refused
    # The name says nothing of whose it is, and a mail of last month still finds last month's picture.
    key = f"brand-logos/{secrets.token_hex(16)}.png"
    await services().files.put(key, drawn)
    async with begin() as tx:
        await actions.set_logo(tx, scope, key, address=address)


async def open_logo(name: str) -> bytes:
    """The PNG that `rules.logo_path` names. Raises NotFound, StoreUnavailable."""
    if not _NAME.fullmatch(name):
        raise NotFound
    try:
        return await services().files.get(f"brand-logos/{name}")
    except NoSuchFile:
        raise NotFound from None
