"""/partner/accounts/{id}/settings, plans and discount tiers over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.apps.actions import create_app
from portside.apps.models import AppDraft
from portside.db.begin import begin, reading
from portside.terms.actions import settle
from portside.terms.models import Settings, SettingsChange
from portside.terms.queries import find_terms
from tests.support.cast import Person
from tests.support.partners import Partner, disconnect, grant, make_partner
from tests.support.terms import MANAGED, put, settings_path, settled

Maker = Callable[..., httpx.AsyncClient]
NOT_FOUND = {"detail": "Not found."}
WHOLE: dict[str, Any] = {
    "discount_tier": "silver",
    "price_rule": {
        "percent": "12.50",
        "fixed": {"amount": "0.30", "currency": "USD"},
        "minimum": {"amount": "4", "currency": "EUR"},
        "carriers": {"ups": {"percent": "20"}},
        "services": {"usps_priority": {"fixed": {"amount": "1.00", "currency": "USD"}}},
    },
    "allowed_carriers": ["usps", "ups"],
    "allowed_services": ["usps_priority", "ups_ground"],
    "label_format": "PDF_A6",
    "notifications": {"email": ["TRANSIT", "DELIVERED"], "sms": ["OUT_FOR_DELIVERY"]},
    "branding": {
        "name": "Hippo Hats",
        "logo_url": "https://hats.example/logo.png",
        "color": "#1a2b3c",
        "support_email": "help@hats.example",
        "tracking_page": "branded",
    },
}


async def audit_of(account_id: str) -> list[dict[str, Any]]:
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT actor, subject, details FROM audit_entries WHERE account_id = $1 AND action = 'terms.changed' "
            "ORDER BY id",
            account_id,
        )
    return [dict(row) for row in rows]


async def test_settings_are_read_as_they_were_written(platform: httpx.AsyncClient, merchant: str) -> None:
    empty = await platform.get(settings_path(merchant))
    assert empty.status_code == 200 and empty.headers["etag"] == '"none"'
    assert set(empty.json()) == {*WHOLE, "account", "object_created", "object_updated", "test"}
    assert {empty.json()[name] for name in WHOLE} == {None}
    await put(platform, "/partner/discount-tiers/silver", {"percent": "5"})
    written = await platform.put(settings_path(merchant), json=WHOLE)
    assert written.status_code == 200, written.text
    body = written.json()
    assert {name: body[name] for name in WHOLE if name != "price_rule"} == {
        name: WHOLE[name] for name in WHOLE if name != "price_rule"
    }
    rule = body["price_rule"]
    assert (rule["percent"], rule["fixed"], rule["plan"]) == ("12.50", WHOLE["price_rule"]["fixed"], None)
    assert rule["services"]["usps_priority"] == {
        "percent": "0",
        "fixed": {"amount": "1.00", "currency": "USD"},
        "minimum": None,
    }
    assert (body["account"], body["test"]) == (merchant, True) and body["object_updated"].endswith("Z")
    read = await platform.get(f"/v1{settings_path(merchant)}/")
    assert read.json() == body and read.headers["etag"] == written.headers["etag"] != '"none"'
    # What was read can be sent back, and changes nothing.
    again = await platform.put(settings_path(merchant), json=body)
    assert again.json() == body and again.headers["etag"] == written.headers["etag"]


async def test_numbers_may_be_numbers_and_stay_exact(platform: httpx.AsyncClient, merchant: str) -> None:
    raw = b'{"price_rule": {"percent": 12.10, "fixed": {"amount": 0.30, "currency": "usd"}}}'
    answer = await platform.put(settings_path(merchant), content=raw, headers={"Content-Type": "application/json"})
    rule = answer.json()["price_rule"]
    assert (rule["percent"], rule["fixed"]) == ("12.10", {"amount": "0.30", "currency": "USD"})


async def test_a_patch_changes_what_it_names_and_null_takes_it_back(platform: httpx.AsyncClient, merchant: str) -> None:
    await settled(platform, merchant, label_format="PDF_A4", allowed_carriers=["USPS"])
    changed = await platform.patch(settings_path(merchant), json={"price_rule": {"percent": "10"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["label_format"] == "PDF_A4" and changed.json()["allowed_carriers"] == ["usps"]
    assert changed.json()["price_rule"]["percent"] == "10"
    taken = await platform.patch(settings_path(merchant), json={"price_rule": None, "label_format": None})
    assert (taken.json()["price_rule"], taken.json()["label_format"]) == (None, None)
    assert taken.json()["allowed_carriers"] == ["usps"]
    replaced = await settled(platform, merchant, label_format="PNG")
    assert replaced["allowed_carriers"] is None


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"markup": 5}, "markup"),
        ({"price_rule": {"percnt": "5"}}, "price_rule.percnt"),
        ({"price_rule": {"carriers": {"usps": {"precent": "5"}}}}, "price_rule.carriers.usps.precent"),
        ({"branding": {"colour": "#000000"}}, "branding.colour"),
        ({"notifications": {"push": []}}, "notifications.push"),
        ({"price_rule": {"percent": "-1"}}, "price_rule.percent"),
        ({"price_rule": {"percent": "1000.01"}}, "price_rule.percent"),
        ({"price_rule": {"percent": "NaN"}}, "price_rule.percent"),
        ({"price_rule": {"percent": "Infinity"}}, "price_rule.percent"),
        ({"price_rule": {"percent": "1e400000"}}, "price_rule.percent"),
        ({"price_rule": {"percent": "1.00001"}}, "price_rule.percent"),
        ({"price_rule": {"fixed": {"amount": "-0.01", "currency": "USD"}}}, "price_rule.fixed.amount"),
        ({"price_rule": {"fixed": {"amount": "0.001", "currency": "USD"}}}, "price_rule.fixed.amount"),
        ({"price_rule": {"fixed": {"amount": "1.5", "currency": "JPY"}}}, "price_rule.fixed.amount"),
        ({"price_rule": {"fixed": {"amount": "999999999", "currency": "USD"}}}, "price_rule.fixed.amount"),
        ({"price_rule": {"minimum": {"amount": "1", "currency": "XXX"}}}, "price_rule.minimum.currency"),
        ({"price_rule": {"minimum": {"amount": "1"}}}, "price_rule.minimum.currency"),
        ({"price_rule": {"carriers": {"pigeon": {"percent": "5"}}}}, "price_rule.carriers.pigeon"),
        ({"price_rule": {"services": {"usps_teleport": {}}}}, "price_rule.services.usps_teleport"),
        ({"price_rule": {"services": {"usps_priority": {"percent": "-5"}}}}, "price_rule.services.usps_priority"),
        ({"price_rule": {"plan": "gold"}}, "price_rule.plan"),
        ({"price_rule": {"plan": "gold", "percent": "5"}}, "price_rule.plan"),
        ({"price_rule": "a lot"}, "price_rule"),
        ({"discount_tier": "unknown"}, "discount_tier"),
        ({"allowed_carriers": ["usps", "pigeon"]}, "allowed_carriers"),
        ({"allowed_carriers": []}, "allowed_carriers"),
        ({"allowed_services": ["usps_teleport"]}, "allowed_services"),
        ({"allowed_carriers": ["ups"], "allowed_services": ["usps_priority"]}, "allowed_services"),
        ({"label_format": "PDF_5x7"}, "label_format"),
        ({"notifications": {"email": ["EATEN"]}}, "notifications.email"),
        ({"branding": {"color": "red"}}, "branding.color"),
        ({"branding": {"logo_url": "http://hats.example/logo.png"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://user:word@hats.example/"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "javascript:alert(1)"}}, "branding.logo_url"),
        ({"branding": {"support_email": "nobody"}}, "branding.support_email"),
        ({"branding": {"tracking_page": "elsewhere"}}, "branding.tracking_page"),
        ([1], None),
        ("text", None),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_written(
    platform: httpx.AsyncClient, merchant: str, body: Any, where: str | None
) -> None:
    for send in (platform.put, platform.patch):
        answer = await send(settings_path(merchant), json=body)
        assert answer.status_code == 400, answer.text
        found: Any = answer.json()
        for name in where.split(".") if where else ():
            found = found[0] if isinstance(found, list) else found
            assert name in found, answer.text
            found = found[name]
    assert (await platform.get(settings_path(merchant))).headers["etag"] == '"none"'
    assert await audit_of(merchant) == []


async def test_if_match_keeps_two_people_from_overwriting_each_other(
    platform: httpx.AsyncClient, merchant: str
) -> None:
    path = settings_path(merchant)
    first = await platform.put(path, json={"label_format": "PNG"}, headers={"If-Match": '"none"'})
    assert first.status_code == 200
    tag = first.headers["etag"]
    assert (await platform.put(path, json={}, headers={"If-Match": '"none"'})).status_code == 412
    second = await platform.put(path, json={"label_format": "PDF_A4"}, headers={"If-Match": tag})
    assert second.status_code == 200 and second.headers["etag"] != tag
    late = await platform.patch(path, json={"label_format": "PNG"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()) == (
        412,
        {"detail": "These settings were changed meanwhile. Read them again."},
    )
    assert (await platform.put(path, json={}, headers={"If-Match": "garbage"})).status_code == 412
    assert (await platform.get(path)).json()["label_format"] == "PDF_A4"


async def test_of_many_at_once_with_the_same_etag_one_wins(platform: httpx.AsyncClient, merchant: str) -> None:
    formats = ("PNG", "PDF_A4", "PDF_A5", "PDF_A6", "ZPLII")
    answers = await asyncio.gather(
        *(
            platform.put(settings_path(merchant), json={"label_format": each}, headers={"If-Match": '"none"'})
            for each in formats
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    assert len(await audit_of(merchant)) == 1


async def test_only_the_platform_of_an_account_reaches_its_settings(
    product: Maker,
    platform: httpx.AsyncClient,
    acting: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    merchant: str,
    paula: Partner,
    alice: Person,
) -> None:
    foreign = (await charlie_api.post("/shippo-accounts", json=MANAGED)).json()["object_id"]
    nobody = [alice.account_id, foreign, paula.person.account_id, "0" * 32, "no-id"]
    for client, ids in ((platform, nobody), (charlie_api, [merchant]), (acting, [merchant])):
        for account_id in ids:
            for answer in (
                await client.get(settings_path(account_id)),
                await client.put(settings_path(account_id), json={"label_format": "PNG"}),
                await client.patch(settings_path(account_id), json={}),
            ):
                assert (answer.status_code, answer.json()) == (404, NOT_FOUND), account_id
    async with product() as stranger:
        assert (await stranger.get(settings_path(merchant))).status_code == 401


async def test_the_settings_of_test_and_live_mode_are_apart(
    product: Maker, platform: httpx.AsyncClient, paula: Partner, merchant: str
) -> None:
    await settled(platform, merchant, label_format="PNG")
    async with product(paula.person.live_token) as live:
        read = (await live.get(settings_path(merchant))).json()
        assert (read["label_format"], read["test"]) == (None, False)
        await put(live, "/partner/plans/gold", {"percent": "5"})
    assert (await platform.get("/partner/plans/gold")).status_code == 404


async def test_a_connected_merchant_is_the_platforms_until_they_disconnect(
    product: Maker, platform: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    path = settings_path(alice.account_id)
    token = await grant(alice.scope, paula.app)
    stored = await settled(platform, alice.account_id, label_format="PNG")
    assert stored["label_format"] == "PNG"
    async with product(paula.person.live_token) as live:
        assert (await live.get(path)).status_code == 404
    async with product() as app:
        headers = {"Authorization": f"Bearer {token}"}
        for answer in (await app.get(path, headers=headers), await app.put(path, json={}, headers=headers)):
            assert answer.status_code == 403 and "API token" in answer.json()["detail"]
        for other in ("/partner/plans", "/partner/discount-tiers", "/partner/ledger", "/partner/ledger.csv"):
            assert (await app.get(other, headers=headers)).status_code == 403
    await disconnect(alice.scope, paula.app)
    assert (await platform.get(path)).status_code == (await platform.put(path, json={})).status_code == 404
    assert (await audit_of(alice.account_id))[-1]["details"] == {"ended": True}
    ended = (await audit_of(paula.person.account_id))[-1]
    assert (ended["subject"], ended["details"]["after"]) == (alice.email, None)
    # The next connection starts from nothing.
    await grant(alice.scope, paula.app)
    assert (await platform.get(path)).headers["etag"] == '"none"'


async def test_one_platform_settles_the_terms_of_an_account(
    product: Maker, platform: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    rival = await make_partner("rival", "Rival Shops")
    for partner in (paula, rival):
        await grant(alice.scope, partner.app)
    path = settings_path(alice.account_id)
    async with product(rival.person.token) as theirs:
        await settled(platform, alice.account_id, label_format="PNG")
        assert (await theirs.get(path)).json()["label_format"] is None
        refused = await theirs.put(path, json={"label_format": "PDF_A4"})
        assert refused.status_code == 409 and "Another platform" in refused.json()["detail"]
        await disconnect(alice.scope, paula.app)
        assert (await theirs.put(path, json={"label_format": "PDF_A4"})).json()["label_format"] == "PDF_A4"
        await grant(alice.scope, paula.app)
        assert (await platform.put(path, json={})).status_code == 409
        assert (await platform.get(path)).json()["label_format"] is None


async def test_of_two_platforms_at_once_one_is_first(
    product: Maker, platform: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    rival = await make_partner("rival", "Rival Shops")
    for partner in (paula, rival):
        await grant(alice.scope, partner.app)
    async with product(rival.person.token) as theirs:
        answers = await asyncio.gather(
            *(
                client.put(settings_path(alice.account_id), json={"label_format": "PNG"})
                for client in (platform, theirs)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_terms_outlive_one_of_two_connections(platform: httpx.AsyncClient, paula: Partner, alice: Person) -> None:
    draft = AppDraft(
        scope=paula.person.live_scope, name="Second", redirect_uris=("https://shops.example/b",), live=True
    )
    async with begin() as tx:
        second, _ = await create_app(tx, draft)
    await grant(alice.scope, paula.app)
    await grant(alice.scope, second)
    await settled(platform, alice.account_id, label_format="PNG")
    await disconnect(alice.scope, paula.app)
    assert (await platform.get(settings_path(alice.account_id))).json()["label_format"] == "PNG"


async def test_changes_are_told_in_both_audit_logs_and_prices_only_in_the_platforms(
    platform: httpx.AsyncClient, paula: Partner, merchant: str
) -> None:
    await settled(platform, merchant, price_rule={"percent": "33"})
    await settled(platform, merchant, price_rule={"percent": "44"})
    await settled(platform, merchant, price_rule={"percent": "44"})
    ours, theirs = await audit_of(paula.person.account_id), await audit_of(merchant)
    assert len(ours) == len(theirs) == 2
    told = ours[1]["details"]
    assert (told["account"], ours[1]["subject"]) == (merchant, MANAGED["company_name"])
    assert told["before"]["price_rule"]["general"]["percent"] == "33"
    assert told["after"]["price_rule"]["general"]["percent"] == "44"
    assert ours[1]["actor"] == f"token:{paula.person.scope.actor.id}"
    assert theirs[1]["details"] == {"fields": ["price_rule"]} and "44" not in str(theirs[1]["details"])


async def test_plans_and_tiers_are_written_listed_and_deleted(
    platform: httpx.AsyncClient, charlie_api: httpx.AsyncClient, merchant: str
) -> None:
    gold = await put(platform, "/partner/plans/gold", {"percent": "5", "services": {"usps_priority": {}}})
    assert (gold["name"], gold["percent"], list(gold["services"])) == ("gold", "5", ["usps_priority"])
    again = await put(platform, "/partner/plans/gold", gold)
    assert again | {"object_updated": ""} == gold | {"object_updated": ""}
    tier = await put(platform, "/partner/discount-tiers/silver", {"percent": "3", "carriers": {"UPS": "7.5"}})
    assert (tier["percent"], tier["carriers"]) == ("3", {"ups": "7.5"})
    assert [each["name"] for each in (await platform.get("/partner/plans")).json()["results"]] == ["gold"]
    assert (await platform.get("/partner/discount-tiers")).json()["results"] == [tier]
    for path in ("/partner/plans/gold", "/partner/discount-tiers/silver"):
        assert (await charlie_api.get(path)).status_code == 404
        assert (await charlie_api.delete(path)).status_code == 404
    await settled(platform, merchant, price_rule={"plan": "gold"}, discount_tier="silver")
    for path in ("/partner/plans/gold", "/partner/discount-tiers/silver"):
        refused = await platform.delete(path)
        assert refused.status_code == 409 and "in use" in refused.json()["detail"]
    await settled(platform, merchant)
    for path in ("/partner/plans/gold", "/partner/discount-tiers/silver"):
        assert (await platform.delete(path)).status_code == 204
        assert (await platform.get(path)).status_code == (await platform.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("plans/Gold!", {}, "name"),
        ("plans/" + "g" * 41, {}, "name"),
        ("plans/gold", {"percent": "-1"}, "percent"),
        ("plans/gold", {"plan": "silver"}, "plan"),
        ("discount-tiers/silver", {"percent": "100.5"}, "percent"),
        ("discount-tiers/silver", {"carriers": {"ups": "-3"}}, "carriers"),
        ("discount-tiers/silver", {"carriers": {"pigeon": "3"}}, "carriers"),
    ],
)
async def test_a_wrong_plan_or_tier_is_refused(
    platform: httpx.AsyncClient, path: str, body: dict[str, Any], where: str
) -> None:
    answer = await platform.put(f"/partner/{path}", json=body)
    assert answer.status_code == 400 and where in answer.json(), answer.text


async def test_settling_while_the_merchant_disconnects_leaves_nothing_behind(
    platform: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    path = settings_path(alice.account_id)
    for _ in range(5):
        await grant(alice.scope, paula.app)
        answer, _ = await asyncio.gather(
            platform.put(path, json={"label_format": "PNG"}), disconnect(alice.scope, paula.app)
        )
        assert answer.status_code in (200, 404), answer.text
        async with reading() as tx:
            left = await tx.fetchval("SELECT count(*) FROM account_terms WHERE account_id = $1", alice.account_id)
        assert left == 0


async def test_who_granted_an_app_less_than_everything_has_no_terms_settled(
    platform: httpx.AsyncClient, paula: Partner, alice: Person
) -> None:
    path = settings_path(alice.account_id)
    adjustment = {"account": alice.account_id, "currency": "USD", "note": "surcharge", "charged": "1.00"}
    await grant(alice.scope, paula.app, "addresses:read")
    for method in ("GET", "PUT", "PATCH"):
        refused = await platform.request(method, path, json={"price_rule": {"percent": "900"}})
        assert refused.status_code == 404, (method, refused.text)
    assert (await platform.post("/partner/ledger", json=adjustment)).status_code == 400
    # Whoever grants less than before takes the terms back.
    await grant(alice.scope, paula.app)
    await settled(platform, alice.account_id, allowed_carriers=["ups"])
    await grant(alice.scope, paula.app, "addresses:read labels:read")
    assert (await platform.get(path)).status_code == 404
    async with reading() as tx:
        assert await find_terms(tx, alice.scope) is None
    rival = await make_partner("rival")
    await grant(alice.scope, rival.app)
    async with begin() as tx:
        change = SettingsChange(settings=Settings(label_format="PNG"))
        assert (await settle(tx, rival.person.scope, alice.account_id, change)).settings.label_format == "PNG"
