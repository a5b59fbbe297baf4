"""The default parcel template over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.cast import Person

PATH = "/live-rates/settings/parcel-template"
BOX = {"name": "My box", "length": "6", "width": "3", "height": "9", "distance_unit": "in"}


async def made_template(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await api.post("/user-parcel-templates", json=BOX | changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_default_is_chosen_shown_and_cleared(api: httpx.AsyncClient) -> None:
    assert (await api.get(PATH)).json() == {"result": None}
    first, second = await made_template(api), await made_template(api, name="Other")
    for template in (first, second):
        chosen = await api.put(f"/v1{PATH}/", json={"object_id": template["object_id"]})
        assert (chosen.status_code, chosen.json()) == (200, {"result": template})
        assert (await api.get(PATH)).json() == {"result": template}
    for _ in range(2):
        cleared = await api.delete(PATH)
        assert (cleared.status_code, cleared.content) == (204, b"")
    assert (await api.get(PATH)).json() == {"result": None}
    assert (await api.get(f"/user-parcel-templates/{second['object_id']}")).json() == second


async def test_a_deleted_template_is_no_default(api: httpx.AsyncClient) -> None:
    template = await made_template(api)
    await api.put(PATH, json={"object_id": template["object_id"]})
    assert (await api.delete(f"/user-parcel-templates/{template['object_id']}")).status_code == 204
    assert (await api.get(PATH)).json() == {"result": None}


@pytest.mark.parametrize("body", [{}, {"object_id": ""}, {"object_id": None}, {"object_id": "no id"}])
async def test_only_a_template_can_be_the_default(api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await api.put(PATH, json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["object_id"])


async def test_charlie_and_the_other_mode_have_their_own(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, alice: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    template = await made_template(api)
    await api.put(PATH, json={"object_id": template["object_id"]})
    async with product(alice.live_token) as live:
        for client in (charlie_api, live):
            assert (await client.get(PATH)).json() == {"result": None}
            foreign = await client.put(PATH, json={"object_id": template["object_id"]})
            missing = await client.put(PATH, json={"object_id": "0" * 32})
            assert foreign.status_code == missing.status_code == 400
            assert (
                foreign.json()
                == missing.json()
                == {"object_id": ["UserParcelTemplate with supplied object_id not found."]}
            )
            await client.delete(PATH)
    assert (await api.get(PATH)).json() == {"result": template}
