"""A real process that buys a label and pulls its own plug at one step: `dying_buyer STEP EMAIL RATE`.

It runs the product's own code; only the named function ends in SIGKILL, before or after it has done its work.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from portside.accounts import queries
from portside.carriers import client
from portside.db.begin import reading
from portside.db.target import Target, database
from portside.kit.files import LocalFiles
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.labels import actions, errands, flows
from portside.labels.models import LabelRequest
from portside.settings import load
from portside.startup import running

# Step -> where, which function, and whether it may still do its work.
STEPS: dict[str, tuple[Any, str, bool]] = {
    "reserved": (flows, "carry_out", False),
    "sent": (client, "buy", False),
    "bought": (client, "buy", True),
    "stored": (LocalFiles, "put", True),
    "completing": (actions, "complete_purchases", True),
    "completed": (errands, "carry_out_all", True),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def rig(step: str) -> None:
    owner, name, works = STEPS[step]
    original: Callable[..., Any] = getattr(owner, name)

    async def fatal(*args: Any, **kwargs: Any) -> None:
        if works:
            await original(*args, **kwargs)
        die()

    setattr(owner, name, fatal)


async def buy(target: Target, email: str, rate: str) -> None:
    async with running(load(), target, application="portside-test", public_url="http://127.0.0.1"):
        async with reading() as tx:
            account = await queries.find_account_by_email(tx, email)
        assert account is not None
        await flows.buy_label(Scope(account.id, "test", email), Id(rate), LabelRequest(is_async=False))


if __name__ == "__main__":
    rig(sys.argv[1])
    with database(load()) as found:
        asyncio.run(buy(found, sys.argv[2], sys.argv[3]))
