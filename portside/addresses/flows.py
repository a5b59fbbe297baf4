"""Validation beside the event loop: its tables are read in a thread, its writes are transactions of their own."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from portside.addresses import actions, queries
from portside.addresses.models import AddressDraft, StoredAddress
from portside.addresses.rules import country_code
from portside.addresses.validation.judge import load, validated
from portside.addresses.wire import AddressIn
from portside.db.begin import begin, reading
from portside.kit.ids import Id, new_id
from portside.kit.scope import Scope


async def prepare_validation(*given: Any) -> None:
    """Read what validating these takes, if any of them is an address of a request that asks for it."""
    countries = {
        code
        for address in given
        if isinstance(address, AddressIn) and address.validate and (code := country_code(address.country))
    }
    if countries:
        await asyncio.to_thread(load, countries)


async def validate_address(scope: Scope, address_id: Id) -> StoredAddress:
    """A new address with what validation made of the stored one, which stays as it is. Raises NotFound."""
    async with reading() as tx:
        stored = await queries.get_address(tx, scope, address_id)
    await asyncio.to_thread(load, [stored.address.country])
    address = msgspec.structs.replace(validated(stored.address), id=new_id())
    async with begin() as tx:
        (made,) = await actions.create_addresses(tx, [AddressDraft(scope=scope, address=address)])
    return made
