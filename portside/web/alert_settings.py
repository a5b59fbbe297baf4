"""/app/settings/alerts: when the time alone makes an alert, and which alerts owners get a mail about."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import Response

from portside.alerts import rules
from portside.alerts.actions import change_alert_settings
from portside.alerts.models import KINDS, Settings, Thresholds
from portside.alerts.queries import get_alert_settings
from portside.audit.actions import note
from portside.db.begin import begin, reading
from portside.web.answers import Flash, redirect
from portside.web.page import page
from portside.web.visit import Shown, Visit

PATH = "/app/settings/alerts"
# Name of the field -> least, most.
_BOUNDS: Mapping[str, tuple[int, int]] = {"first_scan_hours": (1, 720), "silent_days": (1, 60), "late_days": (0, 60)}


@page("GET", PATH)
async def show_settings(visit: Visit) -> Shown:
    """The form as the account has filled it in."""
    async with reading() as tx:
        settings = await get_alert_settings(tx, visit.scope)
    limits = settings.thresholds
    return _form(visit, {name: str(getattr(limits, name)) for name in _BOUNDS}, {}, set(settings.mailed))


@page("POST", PATH)
async def save_settings(visit: Visit) -> Shown | Response[bytes]:
    """Keep what was chosen; only owners choose."""
    visit.check_owner()
    given = {name: visit.field(name) for name in _BOUNDS}
    errors = {name: trouble for name, text in given.items() if (trouble := _trouble(text, *_BOUNDS[name]))}
    picked = set(await visit.picked("mailed"))
    if errors:
        return _form(visit, given, errors, picked)
    limits = Thresholds(**{name: int(text) for name, text in given.items()})
    settings = Settings(thresholds=limits, mailed=tuple(kind for kind in KINDS if kind in picked))
    async with begin() as tx:
        await change_alert_settings(tx, visit.scope, settings)
        await note(tx, visit.scope, "account.settings_changed", "Alerts", address=visit.address)
    return redirect(PATH, Flash("success", "Saved."))


def _trouble(text: str, least: int, most: int) -> str:
    good = text.isascii() and text.isdigit() and least <= int(text) <= most
    return "" if good else f"Enter a whole number from {least} to {most}."


def _form(visit: Visit, data: Mapping[str, str], errors: Mapping[str, str], mailed: set[str]) -> Shown:
    context = {
        "save_url": PATH if visit.is_owner else None,
        "form": {"data": data, "errors": errors, "message": ""},
        "kinds": [{"value": kind, "label": rules.LABELS[kind], "checked": kind in mailed} for kind in KINDS],
    }
    status = 422 if errors else 200
    return Shown(template="settings/alerts.html", context=context, section="settings", child="alerts", status=status)


routes = [show_settings, save_settings]
