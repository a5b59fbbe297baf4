"""Sample contexts: every template with what its opening comment asks for, by the name of the page."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.alerts import ALERT_SCENES
from tests.web.samples.apps import APP_SCENES
from tests.web.samples.batches import BATCH_SCENES
from tests.web.samples.buyers import BUYER_SCENES, messages
from tests.web.samples.event_log import event_log, event_page, trial, trial_page
from tests.web.samples.ledger import LEDGER_SCENES
from tests.web.samples.new_orders import NEW_ORDER_SCENES
from tests.web.samples.oauth import OAUTH_SCENES
from tests.web.samples.order_list import order_list
from tests.web.samples.order_page import (
    REFUSED,
    SHIP_TO,
    customs,
    label,
    order_page,
    parcel,
    rates,
    rating,
    sender,
    track,
)
from tests.web.samples.others import mail_page, mailbox_page, shipment_list, sign_in, token_page, trouble, webhook_page
from tests.web.samples.people import PEOPLE_SCENES, UNPROVED
from tests.web.samples.shared import HELD, ORDER_TABS, form, shell


def fragment(**context: Any) -> dict[str, Any]:
    return {"shell": shell("orders")} | context


BOUGHT = {"labels": [label("SUCCESS")], "track": track(), "messages": messages(), "can_ship": False, "cancel_url": None}
REFRESH = Ns(order_status="SHIPPED", ship=None, to_ship="6", track=track("PRE_TRANSIT", None, []))
NEWS = Ns(
    order_status="SHIPPED",
    to_ship="6",
    labels=[label("SUCCESS")],
    track=track(),
    ship_to=SHIP_TO,
    ship=Ns(parcel=None, rating=None),
)

# Name of the page → template and context. Every template stands here at least once; test_templates.py checks it.
SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "orders": ("orders/list.html", order_list()),
    "docs": ("docs.html", {"description_url": "/openapi.json"}),
    "orders-test": (
        "orders/list.html",
        order_list(shell=shell("orders", mode="test", flashes=[Ns(kind="success", text="3 orders imported.")])),
    ),
    "orders-empty": ("orders/list.html", order_list(orders=[], bulk_actions=[])),
    "order-new": ("orders/detail.html", order_page()),
    "order-waiting": ("orders/detail.html", order_page(parcel=parcel(done=True), rating=rating("waiting"))),
    "order-rates": (
        "orders/detail.html",
        order_page(parcel=parcel(done=True), rating=rating("ready", rates(), REFUSED)),
    ),
    "order-no-rates": ("orders/detail.html", order_page(parcel=parcel(done=True), rating=rating("ready", [], REFUSED))),
    "order-buying": ("orders/detail.html", order_page(labels=[label("QUEUED")], can_ship=False)),
    "order-bought": ("orders/detail.html", order_page("SHIPPED", **BOUGHT)),
    "order-trouble": ("orders/detail.html", order_page("SHIPPED", **(BOUGHT | {"track": track("TRANSIT", HELD)}))),
    "order-failed": (
        "orders/detail.html",
        order_page(labels=[label("ERROR", messages=["The postal code does not exist."])]),
    ),
    "order-not-bought": (
        "orders/detail.html",
        order_page(
            parcel=parcel(done=True),
            rating=rating("ready", rates(), problem="Rate has expired. Rates can be bought for 7 days."),
            edit_from_url="#",
        ),
    ),
    "order-sender": ("orders/detail.html", order_page(can_ship=False, ship_from=None, sender_form=sender())),
    "order-errors": (
        "orders/detail.html",
        order_page(parcel=parcel(weight="Enter a weight above 0.", length="Enter a number.")),
    ),
    "fragment-customs": (
        "orders/_customs.html",
        fragment(customs=customs(line0_hs_code="Six to ten digits.", certify="Confirm that it is true.")),
    ),
    "shipments": ("shipments/list.html", shipment_list()),
    "shipments-empty": ("shipments/list.html", shipment_list(shipments=[])),
    "settings-tokens": ("settings/tokens.html", token_page()),
    "settings-tokens-created": (
        "settings/tokens.html",
        token_page(created=Ns(name="Store plugin", secret="shippo_live_" + "5a" * 20)),
    ),
    "settings-tokens-empty": (
        "settings/tokens.html",
        token_page(tokens=[], form=form({"name": "Give it a name."}), open_form=True),
    ),
    "settings-tokens-unproved": ("settings/tokens.html", token_page(verification=UNPROVED)),
    "settings-webhooks": ("settings/webhooks.html", webhook_page()),
    "settings-webhooks-new": (
        "settings/webhooks.html",
        webhook_page(secret=Ns(url="https://shop.example/hooks/portside", text="whsec_" + "c2" * 16, test_url="#")),
    ),
    "settings-webhooks-trouble": (
        "settings/webhooks.html",
        webhook_page(
            troubles=[
                trouble("gone", "gone.example/hook"),
                trouble("failed", "old.example/hook"),
                trouble("failing", "warehouse.example/inbox", "timed out"),
            ],
            more_troubles=2,
        ),
    ),
    "settings-webhook-test": (
        "settings/webhook_test.html",
        trial_page([trial("unanswered", None), trial("bad", 401), trial("bad", 200, True), trial("good", 200)]),
    ),
    "settings-webhook-test-new": ("settings/webhook_test.html", trial_page([])),
    "settings-event-log": ("settings/event_log.html", event_log()),
    "settings-event-log-empty": ("settings/event_log.html", event_log(events=[], is_filtered=False, endpoints=[])),
    "settings-event-log-none": ("settings/event_log.html", event_log(events=[])),
    "settings-event-log-part": ("settings/event_log.html", event_log(events=[], is_cut=True)),
    "settings-event": ("settings/event.html", event_page()),
    "settings-event-alone": ("settings/event.html", event_page(deliveries=[], body="", raw="")),
    "mailbox": ("mailbox/list.html", mailbox_page()),
    "mailbox-empty": ("mailbox/list.html", mailbox_page(messages=[])),
    "fragment-mailbox": ("mailbox/_rows.html", mailbox_page()),
    "mailbox-message": ("mailbox/message.html", mail_page()),
    "sign-in": ("sign_in.html", sign_in()),
    "sign-in-wrong": (
        "sign_in.html",
        sign_in(
            form=form(message="E-mail or password is wrong.", email="alice@lantern.example"),
            demo=Ns(email="alice@lantern.example", password="ahoy"),
        ),
    ),
    "error-404": (
        "error.html",
        {
            "status": 404,
            "title": "Not found",
            "text": "There is nothing at this address, or it belongs to another account.",
            "home_url": "orders.html",
            "request_id": "",
        },
    ),
    "error-500": (
        "error.html",
        {
            "status": 500,
            "title": "Something went wrong",
            "text": "Nothing was changed. Try again in a moment.",
            "home_url": "orders.html",
            "request_id": "0192f1c8",
        },
    ),
    "fragment-orders": ("orders/_rows.html", order_list(refresh=Ns(tabs=ORDER_TABS, to_ship="7"))),
    "fragment-shipments": ("shipments/_rows.html", shipment_list()),
    "fragment-parcel": ("orders/_parcel.html", fragment(parcel=parcel(weight="Enter a weight above 0."))),
    "fragment-rates": ("orders/_rates.html", fragment(rating=rating("ready", rates()), parcel_again=None)),
    "fragment-rates-waiting": (
        "orders/_rates.html",
        fragment(rating=rating("waiting"), parcel_again=parcel(done=True)),
    ),
    "fragment-sender": ("orders/_sender.html", fragment(sender_form=sender({"zip": "Carriers need the postal code."}))),
    "fragment-label-error": (
        "orders/_label.html",
        fragment(
            label=label("ERROR", messages=["The postal code does not exist."]),
            refresh=Ns(
                order_status="PAID",
                to_ship=None,
                ship=Ns(parcel=parcel(done=True), rating=rating("ready", rates())),
                track=None,
            ),
        ),
    ),
    "fragment-label-queued": ("orders/_label.html", fragment(label=label("QUEUED"), refresh=None)),
    "fragment-label": ("orders/_label.html", fragment(label=label("SUCCESS", test=True), refresh=REFRESH)),
    "fragment-label-refunded": (
        "orders/_label.html",
        fragment(label=label("REFUNDPENDING", refund_url=None), refresh=None),
    ),
    "fragment-track": ("orders/_timeline.html", fragment(track=track("DELIVERED", None, final=True))),
    "fragment-labels": (
        "orders/_labels.html",
        fragment(labels=[label("SUCCESS"), label("ERROR", id="l0")], refresh=REFRESH),
    ),
    "fragment-news": ("orders/_news.html", fragment(order=Ns(id="o1"), news=Ns(poll_url="/news"), refresh=NEWS)),
    "fragment-events": ("settings/_event_rows.html", event_log(is_part=True)),
    "fragment-trials": ("settings/_trials.html", trial_page([trial("good", 401, True)])),
    "fragment-deliveries": ("settings/_deliveries.html", webhook_page()),
    **OAUTH_SCENES,
    **PEOPLE_SCENES,
    **LEDGER_SCENES,
    **APP_SCENES,
    **BUYER_SCENES,
    **ALERT_SCENES,
    **BATCH_SCENES,
    **NEW_ORDER_SCENES,
}
