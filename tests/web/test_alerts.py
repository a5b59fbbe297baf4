"""The worklist of alerts: what is there, what is done about it, how the carrier is asked, and who must not see it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import httpx
import pytest

from portside.jobs.drain import drain
from portside.kit.clock import now
from tests.alerts.conftest import alerts_of, pass_days, ship, ship_order
from tests.support.cast import Person
from tests.web.conftest import Browser
from tests.web.test_orders import poll_path

LIST = "/app/alerts"


@pytest.fixture
async def alert_path(at_desk: Browser, api: httpx.AsyncClient, alice: Person) -> str:
    """The page of an alert of hers: a parcel that comes back."""
    await ship_order(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    (alert,) = await alerts_of(alice)
    await at_desk.get(LIST)
    return f"{LIST}/{alert.id}"


def tomorrow() -> str:
    return f"{now() + dt.timedelta(days=1):%Y-%m-%d}"


async def test_an_alert_reaches_the_open_list_and_the_navigation(at_desk: Browser, api: httpx.AsyncClient) -> None:
    page = await at_desk.get(LIST)
    assert "All is well" in page.text
    assert (await at_desk.poll(poll_path(page))).status_code == 204
    label = await ship_order(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    news = await at_desk.poll(poll_path(page))
    assert news.status_code == 200 and "<html" not in news.text
    for text in ("Comes back", "#2041", "Mr Hippo", label["tracking_number"], 'hx-target="#count-alerts"'):
        assert text in news.text
    assert (await at_desk.poll(poll_path(news))).status_code == 204
    whole = (await at_desk.get("/app/orders")).text
    assert re.search(r'id="count-alerts">\s*1\s*<', whole)


async def test_filters_and_search_find_it(at_desk: Browser, alert_path: str) -> None:
    for query, is_found in {
        "kind=returned": True,
        "kind=late": False,
        "q=%232041": True,
        "q=hippo": True,
        "q=nothing-like-it": False,
        "who=me": False,
        "tab=snoozed": False,
        "tab=resolved": False,
        "kind=no-such-kind&tab=%27": True,
    }.items():
        found = (await at_desk.get(f"{LIST}?{query}")).text
        assert (alert_path in found) is is_found, query


async def test_the_order_page_leads_to_its_alerts(at_desk: Browser, alert_path: str, alice: Person) -> None:
    (alert,) = await alerts_of(alice)
    page = (await at_desk.get(f"/app/orders/{alert.order_id}")).text
    assert alert_path in page
    found = re.search(r'hx-get="([^"]+/alerts\?seen=[^"]+)"', page)
    assert found is not None
    assert (await at_desk.poll(found[1])).status_code == 204
    await at_desk.post(f"{alert_path}/resolve")
    assert alert_path not in (await at_desk.poll(found[1])).text


async def test_it_is_noted_assigned_seen_snoozed_and_resolved(
    at_desk: Browser, alert_path: str, alice: Person, bob: Person
) -> None:
    page = await at_desk.get(alert_path)
    assert "Returned" in page.text and "Contact USPS" in page.text
    option = re.search(r'<option value="([0-9a-f]{32})">Bob', page.text)
    assert option is not None, page.text
    assert (await at_desk.post(f"{alert_path}/assign", {"user": option[1]})).status_code == 303
    await at_desk.post(f"{alert_path}/acknowledge")
    await at_desk.post(f"{alert_path}/note", {"text": "The buyer <knows>."})
    await at_desk.post(f"{alert_path}/snooze", {"until": tomorrow()})
    page = await at_desk.get(alert_path)
    for text in ("The buyer &lt;knows&gt;.", "gave it to", "Seen by", "Snoozed", "It sleeps until"):
        assert text in page.text
    assert alert_path not in (await at_desk.get(LIST)).text
    assert alert_path in (await at_desk.get(f"{LIST}?tab=snoozed")).text
    await at_desk.post(f"{alert_path}/snooze", {"until": ""})
    assert alert_path in (await at_desk.get(LIST)).text
    await at_desk.post(f"{alert_path}/resolve")
    assert alert_path in (await at_desk.get(f"{LIST}?tab=resolved")).text
    await at_desk.post(f"{alert_path}/reopen")
    assert [alert.assigned_to for alert in await alerts_of(alice)] == [option[1]]


async def test_many_are_resolved_at_once(at_desk: Browser, api: httpx.AsyncClient, alice: Person) -> None:
    await ship(api, "SIM_STORY_RETURNED")
    await ship(api, "SIM_STORY_LOST")
    await pass_days(api, 40)
    found = await alerts_of(alice)
    assert len(found) >= 2
    await at_desk.get(LIST)
    body = "&".join([f"_csrf_token={at_desk.token}", *[f"alert[]={alert.id}" for alert in found]])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await at_desk.client.post(f"{LIST}/resolve", content=body, headers=headers)
    assert answer.status_code == 303
    assert await alerts_of(alice) == []
    assert f"{len(found)} alerts resolved." in (await at_desk.get(LIST)).text


async def test_the_contact_sheet_names_the_carrier_and_the_outcome_is_kept(at_desk: Browser, alert_path: str) -> None:
    for issue, words in {
        "lost_or_delayed": "find out where it is",
        "unused_label_refund": "Please refund it",
        "address_exception": "recipient&#39;s address",
        "customs_international": "waiting at the customs",
        "damage": "Please confirm the damage",
        "other": "what you need from me",
    }.items():
        sheet = await at_desk.poll(f"{alert_path}/contact?issue={issue}")
        assert words in sheet.text and "1-800-275-8777" in sheet.text
    assert "https://missingmail.usps.com/" in sheet.text and "#2041" in sheet.text
    outcome = {"issue": "damage", "channel": "phone", "outcome": "Case 4711"}
    assert (await at_desk.post(f"{alert_path}/contact", outcome)).status_code == 303
    assert "Damage, by phone: Case 4711" in (await at_desk.get(alert_path)).text


@pytest.mark.parametrize(
    ("deed", "fields", "told"),
    [
        ("note", {"text": " "}, "Write something down first."),
        ("snooze", {"until": "2020-01-01"}, "Choose a day after today"),
        ("snooze", {"until": "soon"}, "Choose a day."),
        ("assign", {"user": "0" * 32}, "Only people of this account"),
        ("contact", {"outcome": ""}, "Write down what the carrier said."),
    ],
)
async def test_what_makes_no_sense_is_said_so(
    at_desk: Browser, alert_path: str, deed: str, fields: dict[str, str], told: str
) -> None:
    assert (await at_desk.post(f"{alert_path}/{deed}", fields)).status_code == 303
    assert told in (await at_desk.get(alert_path)).text


async def test_the_outsider_sees_and_changes_nothing(
    alert_path: str, product: Callable[..., httpx.AsyncClient], alice: Person, charlie: Person
) -> None:
    outsider = Browser(product(Accept="text/html"))
    await outsider.sign_in(charlie)
    assert alert_path not in (await outsider.get(f"{LIST}?q=2041")).text
    for path in ("", "/contact", "/track"):
        assert (await outsider.get(alert_path + path)).status_code == 404
    deeds = ("note", "assign", "acknowledge", "snooze", "resolve", "reopen", "contact", "track")
    await outsider.get(LIST)
    for deed in deeds:
        fields = {"text": "x", "outcome": "x", "until": tomorrow()}
        assert (await outsider.post(f"{alert_path}/{deed}", fields)).status_code == 404, deed
    body = f"_csrf_token={outsider.token}&alert[]={alert_path.rsplit('/', 1)[1]}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    await outsider.client.post(f"{LIST}/resolve", content=body, headers=headers)
    (alert,) = await alerts_of(alice)
    assert (alert.resolved_at, alert.acknowledged_at, alert.snoozed_until) == (None, None, None)


async def test_an_alert_of_test_mode_is_not_one_of_live_mode(at_desk: Browser, alert_path: str) -> None:
    await at_desk.post("/app/mode", {"mode": "live"})
    assert (await at_desk.get(alert_path)).status_code == 404
    assert "All is well" in (await at_desk.get(LIST)).text


async def test_owners_choose_when_and_get_a_mail_of_each_alert_once(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person
) -> None:
    settings = "/app/settings/alerts"
    page = await at_desk.get(settings)
    assert 'value="48"' in page.text and "checked" not in page.text
    fields = {"first_scan_hours": "72", "silent_days": "x", "late_days": "0", "mailed[]": "returned"}
    refused = await at_desk.post(settings, fields)
    assert refused.status_code == 422 and "Enter a whole number from 1 to 60." in refused.text
    assert (await at_desk.post(settings, fields | {"silent_days": "9"})).status_code == 303
    page = await at_desk.get(settings)
    assert 'value="72"' in page.text and page.text.count("checked") == 1
    await ship(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    await drain()
    mails = (await at_desk.get("/app/mailbox")).text
    assert mails.count("[Test] Comes back: USPS") == 1
    await pass_days(api, 1)
    assert (await at_desk.get("/app/mailbox")).text.count("[Test] Comes back: USPS") == 1


async def test_a_member_may_look_at_the_settings_and_not_change_them(teammate: Browser) -> None:
    page = await teammate.get("/app/settings/alerts")
    assert page.status_code == 200 and "Only an owner" in page.text
    fields = {"first_scan_hours": "1", "silent_days": "1", "late_days": "1"}
    assert (await teammate.post("/app/settings/alerts", fields)).status_code == 403


async def test_a_followed_parcel_without_a_label_has_a_page_too(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person
) -> None:
    await api.post("/tracks", json={"carrier": "shippo", "tracking_number": "SHIPPO_FAILURE"})
    await drain()
    (alert,) = await alerts_of(alice)
    page = await at_desk.get(f"{LIST}/{alert.id}")
    assert page.status_code == 200 and "SHIPPO_FAILURE" in page.text and "is not known here" in page.text
    assert (await at_desk.post(f"{LIST}/{alert.id}/track")).status_code == 200
