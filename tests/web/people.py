"""The mails that a test waits for, opened as the operator's command opens them."""

from __future__ import annotations

import re

from portside.db.begin import reading
from portside.jobs.drain import drain
from portside.kit.paging import PageRequest
from portside.kit.services import services
from portside.notifications.models import SystemMail
from portside.notifications.queries import list_kept_mails

_CODE = re.compile(r"Your code: (\d{6})")
_LINK = re.compile(r"http://portside\.test(/(?:reset-password|join)\?token=[0-9a-f]{40})")


async def mails_to(email: str) -> list[SystemMail]:
    """The newest first."""
    await drain()
    async with reading() as tx:
        found = await list_kept_mails(tx, services().keys, PageRequest(size=500))
    return [mail for mail in found.rows if mail.recipient == email]


async def subjects_to(email: str) -> list[str]:
    return [mail.text.subject for mail in await mails_to(email) if mail.text]


async def code_to(email: str) -> str:
    """The code in the latest mail."""
    return str(_CODE.findall(await latest_to(email))[0])


async def link_to(email: str) -> str:
    """The path that the link in the latest mail leads to."""
    return str(_LINK.findall(await latest_to(email))[0])


async def latest_to(email: str) -> str:
    mail = (await mails_to(email))[0]
    assert mail.text is not None
    return mail.text.text
