"""Sample contexts of the pages on which people come, find back in and work together."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import ago, form, shell

MAILBOX = "mailbox-open.html"


def gate(**values: Any) -> dict[str, Any]:
    return {"csrf_token": "sample-token", "action_url": "#", "sign_in_url": "sign-in.html", "form": form()} | values


def sign_up(**changes: Any) -> dict[str, Any]:
    return gate(next="", shortest_password=10) | changes


def code(**changes: Any) -> dict[str, Any]:
    return (
        gate(
            resend_url="#",
            start_url="sign-up.html",
            mailbox_url=None,
            handle="4f" * 20,
            next="",
            email="alice@lantern.example",
            minutes=30,
            sent=False,
        )
        | changes
    )


def forgot(**changes: Any) -> dict[str, Any]:
    return gate(mailbox_url=None, asked="") | changes


def reset(**changes: Any) -> dict[str, Any]:
    return gate(handle="4f" * 20, email="alice@lantern.example", forgot_url="#", shortest_password=10) | changes


def join(**changes: Any) -> dict[str, Any]:
    invitation = Ns(
        inviter="Alice", account="Lantern & Rope Supply", email="bob@lantern.example", role_words="a member"
    )
    return (
        gate(token="4f" * 20, invitation=invitation, proof="new", here="", forgot_url="#", shortest_password=10)
        | changes
    )


def open_mailbox(**changes: Any) -> dict[str, Any]:
    messages = [
        Ns(
            href=MAILBOX, subject="271828 is your code for Portside", recipient="bob@lantern.example", at=ago(minutes=1)
        ),
        Ns(href=MAILBOX, subject="Set a new password", recipient="alice@lantern.example", at=ago(minutes=20)),
    ]
    return {"list_url": MAILBOX, "messages": messages, "message": None} | changes


def member(name: str, role: str, **changes: Any) -> Ns:
    values = {
        "id": name.lower(),
        "name": name,
        "email": f"{name.lower()}@lantern.example",
        "role": role,
        "role_name": role.title(),
        "other_role": "member" if role == "owner" else "owner",
        "since": ago(days=40),
        "tokens": 0,
        "is_self": False,
        "can_change": True,
        "role_url": "#",
        "remove_url": "#",
    }
    return Ns(**(values | changes))


def people(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("settings", "people"),
        "members": [member("Alice", "owner", is_self=True, can_change=False), member("Bob", "member", tokens=2)],
        "invitations": [invited("charlie@lantern.example", False), invited("paula@lantern.example", True)],
        "roles": [Ns(value="owner", label="Owner"), Ns(value="member", label="Member")],
        "invite_url": "#",
        "verification": None,
        "mailbox_url": None,
        "form": form(role="member"),
        "open_form": False,
    }
    return context | changes


def invited(email: str, is_over: bool) -> Ns:
    return Ns(
        email=email,
        role_name="Member",
        inviter="Alice",
        created_at=ago(days=8 if is_over else 1),
        expires_at=ago(days=1 if is_over else -6),
        is_over=is_over,
        resend_url="#",
        cancel_url="#",
    )


def profile(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("settings", "profile"),
        "person": Ns(name="Alice", email="alice@lantern.example", is_verified=True),
        "change": None,
        "mailbox_url": None,
        "accounts": [
            Ns(id="a1", name="Lantern & Rope Supply", role="owner", is_here=True),
            Ns(id="a2", name="Buoy Bakery", role="member", is_here=False),
        ],
        "urls": dict.fromkeys(("name", "password", "email", "verify", "code", "again", "cancel", "leave"), "#"),
        "shortest_password": 10,
        "name_form": form(name="Alice"),
        "email_form": form(),
        "password_form": form(),
        "code_form": form(),
    }
    return context | changes


def entry(what: str, subject: str, hours: float, **changes: Any) -> Ns:
    values = {
        "id": f"{what}{hours}",
        "who": "Alice",
        "what": what,
        "is_alarming": False,
        "subject": subject,
        "details": "",
        "address": "192.0.2.7",
        "at": ago(hours=hours),
    }
    return Ns(**(values | changes))


def activity(**changes: Any) -> dict[str, Any]:
    refused = {"who": "Portside", "is_alarming": True, "address": "2001:db8:12:34::/64"}
    context = {
        "shell": shell("settings", "activity"),
        "entries": [
            entry("Signed in", "alice@lantern.example", 1),
            entry("Token created", "Store plugin", 2, details="mode: live"),
            entry("Too many wrong sign-ins", "alice@lantern.example", 5, **refused),
            entry("Role changed", "bob@lantern.example", 30, details="role: owner"),
            entry("Webhook added", "https://shop.example/hooks/portside", 31, who="Token “Store plugin”", address=""),
        ],
        "page": Ns(previous_url=None, next_url="#", note="5 entries on this page"),
        "filters": Ns(
            url="#",
            selects=[
                Ns(name="actor", label="Who", value="", options=[Ns(value="", label="Everybody")]),
                Ns(name="action", label="What", value="", options=[Ns(value="", label="Everything")]),
            ],
        ),
        "is_filtered": False,
        "all_url": "#",
        "csv_url": "#",
        "is_part": False,
    }
    return context | changes


UNPROVED = Ns(email="alice@lantern.example", url="#")
PEOPLE_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "sign-up": ("sign_up.html", sign_up()),
    "sign-up-errors": (
        "sign_up.html",
        sign_up(form=form({"email": "This does not look like an e-mail address.", "name": "Tell us your name."})),
    ),
    "sign-up-code": ("sign_up_code.html", code()),
    "sign-up-code-again": (
        "sign_up_code.html",
        code(sent=True, mailbox_url=MAILBOX, form=form({"code": "That is not the code."})),
    ),
    "forgot-password": ("forgot_password.html", forgot()),
    "forgot-password-asked": ("forgot_password.html", forgot(asked="alice@lantern.example", mailbox_url=MAILBOX)),
    "reset-password": ("reset_password.html", reset()),
    "reset-password-over": ("reset_password.html", reset(email=None)),
    "reset-done": ("reset_done.html", {"sign_in_url": "sign-in.html", "email": "alice@lantern.example"}),
    "join": ("join.html", join()),
    "join-known": ("join.html", join(proof="password", here="charlie@example.com")),
    "join-signed-in": ("join.html", join(proof="session")),
    "join-over": ("join.html", join(invitation=None)),
    "mailbox-open": ("mailbox/open.html", open_mailbox()),
    "mailbox-open-empty": ("mailbox/open.html", open_mailbox(messages=[])),
    "mailbox-open-message": (
        "mailbox/open.html",
        open_mailbox(
            message=Ns(
                subject="Set a new password",
                recipient="alice@lantern.example",
                at=ago(minutes=20),
                text="With this link you choose a new password.",
                html_url="/nothing",
            )
        ),
    ),
    "settings-people": ("settings/people.html", people()),
    "settings-people-unproved": (
        "settings/people.html",
        people(verification=UNPROVED, invitations=[invited("bob@lantern.example", False)], mailbox_url=MAILBOX),
    ),
    "settings-profile": ("settings/profile.html", profile()),
    "settings-profile-code": (
        "settings/profile.html",
        profile(change=Ns(email="alice@new.example"), mailbox_url=MAILBOX, code_form=form({"code": "Wrong."})),
    ),
    "settings-profile-unproved": (
        "settings/profile.html",
        profile(
            person=Ns(name="Alice", email="alice@lantern.example", is_verified=False),
            email_form=form({"email_password": "This is not your password."}),
        ),
    ),
    "settings-activity": ("settings/activity.html", activity()),
    "settings-activity-empty": ("settings/activity.html", activity(entries=[], is_filtered=True)),
    "settings-activity-none": ("settings/activity.html", activity(entries=[])),
    "fragment-activity": ("settings/_activity_rows.html", activity(is_part=True)),
}
