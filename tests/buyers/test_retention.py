"""What buyers were told long ago goes, with the addresses."""

from __future__ import annotations

from portside.buyers import jobs
from portside.db.pool import current_pool
from portside.jobs.models import Run
from tests.support.buying import Shop


async def test_what_was_told_goes_after_a_year(shop: Shop) -> None:
    await shop.tells()
    old, recent = await shop.buy(order=await shop.order()), await shop.buy(order=await shop.order())
    assert await shop.told(old) and await shop.told(recent)
    for label, days in ((old, 366), (recent, 364)):
        await current_pool().execute(
            "UPDATE buyer_messages SET created_at = created_at - $2 * interval '1 day' WHERE label_id = $1",
            label["object_id"],
            days,
        )
    await jobs.forget(Run(job_id=1, attempt=1, payload={}))
    assert await shop.told(old) == []
    assert await shop.told(recent)
