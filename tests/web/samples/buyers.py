"""What buyers see and hear: branding, messages, and the log on an order's page."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import LOGO, ago, form, shell

# Nothing stands there in a folder of files.
PREVIEW = "/tracking-page/preview?sample"


def branding_page(**changes: Any) -> dict[str, Any]:
    settled = Ns(
        name="Lantern & Rope",
        logo_url="",
        color="#14507a",
        support_email="help@lantern.example",
        tracking_page="branded",
    )
    values = {
        "shell": shell("settings", "branding"),
        "form": form(name="", color="#0b6e4f", support_email="", tracking_page=""),
        "settled": settled,
        "has_color": True,
        "logo_url": LOGO,
        "preview_url": PREVIEW,
        "can_manage": True,
        "save_url": "#",
        "upload_url": "#",
        "remove_url": "#",
    }
    return values | changes


def messages_page(**changes: Any) -> dict[str, Any]:
    rows = [
        Ns(key="PRE_TRANSIT", name="Shipped", hint="A label was bought.", email=True, sms=True),
        Ns(key="DELIVERED", name="Delivered", hint="It has arrived.", email=True, sms=False),
    ]
    values = {
        "shell": shell("settings", "messages"),
        "rows": rows,
        "in_test_mode": False,
        "sends_mail": True,
        "sends_sms": True,
        "mailbox_url": "#mailbox",
        "can_manage": True,
        "save_url": "#",
    }
    return values | changes


def message(name: str, tone: str, words: str, why: str = "", **changes: Any) -> Ns:
    values = {
        "name": name,
        "channel": "email",
        "recipient": "maren@kontor.example",
        "tone": tone,
        "words": words,
        "why": why,
        "is_again": False,
        "at": ago(hours=2),
        "resend_url": "#",
    }
    return Ns(**(values | changes))


def messages() -> Ns:
    rows = [
        message("Out for delivery", "good", "Sent"),
        message("Shipped", "good", "Sent", is_again=True),
        message("Shipped", "bad", "Refused", "550 no such user"),
        message("Shipped", "mute", "Not sent", "The address has none.", channel="sms", recipient=""),
    ]
    return Ns(rows=rows, poll_url="/messages")


BUYER_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "settings-branding": ("settings/branding.html", branding_page()),
    "settings-branding-wrong": (
        "settings/branding.html",
        branding_page(form=form({"name": "At most 100 letters.", "logo": "This is no picture."}, color="#0b6e4f")),
    ),
    "settings-branding-member": ("settings/branding.html", branding_page(can_manage=False, logo_url="")),
    "fragment-branding-preview": (
        "settings/_branding_preview.html",
        {"shell": shell("settings"), "preview_url": PREVIEW},
    ),
    "settings-messages": ("settings/messages.html", messages_page()),
    "settings-messages-trial": ("settings/messages.html", messages_page(sends_mail=False, sends_sms=False)),
    "settings-messages-member": ("settings/messages.html", messages_page(can_manage=False, sends_sms=False)),
    "fragment-messages": ("orders/_messages.html", {"shell": shell("orders"), "messages": messages()}),
}
