"""Account settings, plans and discount tiers as platforms write them. Strict: what is misspelt here costs money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.errors import BadRequest, FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import as_id
from portside.kit.scope import Scope
from portside.rest.body import values
from portside.rest.parse import DecimalText
from portside.terms import validation as check
from portside.terms.models import (
    Branding,
    BuyerStatus,
    Discount,
    DiscountTier,
    DiscountTierDraft,
    LabelFileType,
    Markup,
    Money,
    NotificationDefaults,
    Plan,
    PlanDraft,
    PriceRule,
    Settings,
    SettingsChange,
    StoredSettings,
    TrackingPage,
)

_MOST_LISTED = 400

# The ETag of settings that were never made.
NONE_YET = "none"

Name = Annotated[str, Meta(max_length=40)]


class MoneyIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Not negative; as many decimal places as the currency has."""

    amount: DecimalText
    currency: Annotated[str, Meta(max_length=3)]


class MarkupIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Added to the carrier's price, after the discount: `percent` of it, then `fixed`; the result is `minimum` at
    least."""

    percent: DecimalText | None = None
    fixed: MoneyIn | None = None
    minimum: MoneyIn | None = None


class RuleIn(MarkupIn, kw_only=True, forbid_unknown_fields=True):
    """A markup for everything, and others for some carriers and services (by token), which then hold alone."""

    carriers: dict[str, MarkupIn] = {}
    services: dict[str, MarkupIn] = {}


class PriceRuleIn(RuleIn, kw_only=True, forbid_unknown_fields=True):
    """A rule, or the name of a plan of yours and nothing else."""

    plan: Name | None = None


class PlanIn(RuleIn, kw_only=True, forbid_unknown_fields=True):
    """A rule that accounts can be given by its name."""

    # As an answer has them, so that it can be sent back.
    name: str | None = None
    object_created: str | None = None
    object_updated: str | None = None
    test: bool | None = None


class DiscountTierIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Percents off the carriers' prices; `carriers` replaces the general one for some, by token."""

    percent: DecimalText | None = None
    carriers: dict[str, DecimalText] = {}
    name: str | None = None
    object_created: str | None = None
    object_updated: str | None = None
    test: bool | None = None


class NotificationsIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which statuses of a parcel its buyer is told, by channel."""

    email: Annotated[list[BuyerStatus], Meta(max_length=20)] = []
    sms: Annotated[list[BuyerStatus], Meta(max_length=20)] = []


class BrandingIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the account's pages and messages to buyers look. `color` is like #1a2b3c, the logo's address is https."""

    name: Annotated[str, Meta(max_length=100)] = ""
    logo_url: Annotated[str, Meta(max_length=1000)] = ""
    color: Annotated[str, Meta(max_length=7)] = ""
    support_email: Annotated[str, Meta(max_length=254)] = ""
    tracking_page: TrackingPage | None = None


class AccountSettingsIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What you settle for an account. What is left out of a PUT, or null, is not settled: every carrier and service is
    allowed, prices are the carriers' own. A PATCH leaves what it does not name. Unknown fields are refused."""

    discount_tier: Name | None = None
    price_rule: PriceRuleIn | None = None
    allowed_carriers: Annotated[list[str], Meta(max_length=_MOST_LISTED)] | None = None
    allowed_services: Annotated[list[str], Meta(max_length=_MOST_LISTED)] | None = None
    label_format: LabelFileType | None = None
    notifications: NotificationsIn | None = None
    branding: BrandingIn | None = None
    # As an answer has them, so that it can be sent back.
    account: str | None = None
    object_created: str | None = None
    object_updated: str | None = None
    test: bool | None = None


class MarkupOut(msgspec.Struct, kw_only=True):
    percent: str
    fixed: Money | None
    minimum: Money | None


class RuleOut(MarkupOut, kw_only=True):
    carriers: dict[str, MarkupOut]
    services: dict[str, MarkupOut]


class PriceRuleOut(RuleOut, kw_only=True):
    """The rule, or the name of the plan that gives it."""

    plan: str | None


class PlanOut(RuleOut, kw_only=True):
    name: str
    object_created: str
    object_updated: str
    test: bool


class PlanList(msgspec.Struct, kw_only=True):
    results: list[PlanOut]


class DiscountTierOut(msgspec.Struct, kw_only=True):
    name: str
    percent: str
    carriers: dict[str, str]
    object_created: str
    object_updated: str
    test: bool


class DiscountTierList(msgspec.Struct, kw_only=True):
    results: list[DiscountTierOut]


class AccountSettingsOut(msgspec.Struct, kw_only=True):
    """What is settled for an account; null is not settled. The ETag header names this state of it: send it as If-Match
    to change nothing that somebody else changed meanwhile."""

    account: str
    discount_tier: str | None
    price_rule: PriceRuleOut | None
    allowed_carriers: list[str] | None
    allowed_services: list[str] | None
    label_format: LabelFileType | None
    notifications: NotificationDefaults | None
    branding: Branding | None
    object_created: str | None
    object_updated: str | None
    test: bool


# Fields of the wire -> fields of Settings that they say.
_SAYS = {name: frozenset({name}) for name in Settings.__struct_fields__ if name != "plan"}
_SAYS["price_rule"] = frozenset({"price_rule", "plan"})


def settings_change(given: AccountSettingsIn, if_match: str, address: str) -> SettingsChange:
    """A PUT: all that is to be settled. Raises FieldErrors, BadRequest."""
    return SettingsChange(settings=_settings(given), expected=_expected(if_match), address=address)


def settings_patch(
    given: AccountSettingsIn, raw: bytes, content_type: bytes, if_match: str, address: str
) -> SettingsChange:
    """A PATCH: only what the body names; null takes it back. Raises FieldErrors, BadRequest."""
    named = values(raw, content_type)
    says = (_SAYS[name] for name in (named if isinstance(named, Mapping) else ()) if name in _SAYS)
    names = frozenset(field for fields in says for field in fields)
    return SettingsChange(settings=_settings(given), names=names, expected=_expected(if_match), address=address)


def etag(stored: StoredSettings) -> bytes:
    return f'"{stored.revision or NONE_YET}"'.encode()


def _expected(if_match: str) -> str | None:
    """The revision that an If-Match asks for: `""` none, None any. What is no ETag of ours matches nothing."""
    given = if_match.strip()
    if not given:
        return None
    if given == "*":
        raise BadRequest("If-Match takes the ETag of an answer.")
    tag = given.removeprefix("W/").strip('"')
    return "" if tag == NONE_YET else as_id(tag) or tag or "?"


def plan_draft(scope: Scope, name: str, given: PlanIn, address: str) -> PlanDraft:
    """Raises FieldErrors."""
    errors: dict[str, Any] = {}
    check.name(name, errors)
    rule = _rule(given, errors)
    if errors:
        raise FieldErrors(errors)
    return PlanDraft(scope=scope, name=name, rule=rule, address=address)


def discount_tier_draft(scope: Scope, name: str, given: DiscountTierIn, address: str) -> DiscountTierDraft:
    """Raises FieldErrors."""
    errors: dict[str, Any] = {}
    check.name(name, errors)
    percent = check.percent(given.percent, "percent", 100, errors)
    inner: dict[str, Any] = {}
    carriers = {
        carrier: check.percent(text, key, 100, inner)
        for key, text in given.carriers.items()
        if (carrier := check.carrier(key, key, inner))
    }
    if inner:
        errors["carriers"] = [inner]
    if errors:
        raise FieldErrors(errors)
    return DiscountTierDraft(
        scope=scope, name=name, discount=Discount(percent=percent, carriers=carriers), address=address
    )


def _settings(given: AccountSettingsIn) -> Settings:
    errors: dict[str, Any] = {}
    carriers = check.carriers(given.allowed_carriers, errors)
    services = check.services(given.allowed_services, carriers, errors)
    rule, plan = _rule_or_plan(given.price_rule, errors)
    settings = Settings(
        discount_tier=given.discount_tier,
        plan=plan,
        price_rule=rule,
        allowed_carriers=carriers,
        allowed_services=services,
        label_format=given.label_format,
        notifications=_notifications(given.notifications),
        branding=_branding(given.branding, errors),
    )
    if errors:
        raise FieldErrors(errors)
    return settings


def _rule_or_plan(given: PriceRuleIn | None, errors: dict[str, Any]) -> tuple[PriceRule | None, str | None]:
    if given is None:
        return None, None
    wrong: dict[str, Any] = {}
    rule = _rule(given, wrong)
    if given.plan is not None and (rule != PriceRule() or given.percent is not None):
        wrong["plan"] = ["The plan gives the whole rule. Name a plan, or write the rule here."]
    if wrong:
        errors["price_rule"] = [wrong]
    return (None, given.plan) if given.plan is not None else (rule, None)


def _rule(given: RuleIn, errors: dict[str, Any]) -> PriceRule:
    wrong_carriers: dict[str, Any] = {}
    wrong_services: dict[str, Any] = {}
    carriers = {
        carrier: _markup(markup, _inside(wrong_carriers, key))
        for key, markup in given.carriers.items()
        if (carrier := check.carrier(key, key, wrong_carriers))
    }
    services = {
        key: _markup(markup, _inside(wrong_services, key))
        for key, markup in given.services.items()
        if check.is_service(key, wrong_services)
    }
    general = _markup(given, errors)
    for name, wrong in (("carriers", wrong_carriers), ("services", wrong_services)):
        # Sentences about the key itself are a list already.
        kept = {key: what if isinstance(what, list) else [what] for key, what in wrong.items() if what}
        if kept:
            errors[name] = [kept]
    return PriceRule(general=general, carriers=carriers, services=services)


def _inside(errors: dict[str, Any], key: str) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    errors[key] = inner
    return inner


def _markup(given: MarkupIn, errors: dict[str, Any]) -> Markup:
    return Markup(
        percent=check.percent(given.percent, "percent", check.MOST_PERCENT, errors),
        fixed=_money(given.fixed, "fixed", errors),
        minimum=_money(given.minimum, "minimum", errors),
    )


def _money(given: MoneyIn | None, field: str, errors: dict[str, Any]) -> Money | None:
    return None if given is None else check.money(given.amount, given.currency, field, errors)


def _notifications(given: NotificationsIn | None) -> NotificationDefaults | None:
    if given is None:
        return None
    return NotificationDefaults(email=tuple(dict.fromkeys(given.email)), sms=tuple(dict.fromkeys(given.sms)))


def _branding(given: BrandingIn | None, errors: dict[str, Any]) -> Branding | None:
    if given is None:
        return None
    said = {name: getattr(given, name).strip() for name in ("name", "logo_url", "color", "support_email")}
    wrong: dict[str, Any] = {}
    check.looks(said, wrong)
    if wrong:
        errors["branding"] = [wrong]
    return Branding(**{**said, "color": said["color"].lower()}, tracking_page=given.tracking_page)


def account_settings_out(stored: StoredSettings, scope: Scope) -> AccountSettingsOut:
    settings = stored.settings
    return AccountSettingsOut(
        account=stored.account_id,
        discount_tier=settings.discount_tier,
        price_rule=_price_rule_out(settings),
        allowed_carriers=_listed(settings.allowed_carriers),
        allowed_services=_listed(settings.allowed_services),
        label_format=settings.label_format,
        notifications=settings.notifications,
        branding=settings.branding,
        object_created=None if stored.created_at is None else to_wire(stored.created_at),
        object_updated=None if stored.updated_at is None else to_wire(stored.updated_at),
        test=scope.is_test,
    )


def _listed(tokens: tuple[str, ...] | None) -> list[str] | None:
    return None if tokens is None else list(tokens)


def _price_rule_out(settings: Settings) -> PriceRuleOut | None:
    if settings.plan is None and settings.price_rule is None:
        return None
    return PriceRuleOut(**_rule_fields(settings.price_rule or PriceRule()), plan=settings.plan)


def _rule_fields(rule: PriceRule) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(_markup_out(rule.general)),
        "carriers": {carrier: _markup_out(markup) for carrier, markup in rule.carriers.items()},
        "services": {token: _markup_out(markup) for token, markup in rule.services.items()},
    }


def _markup_out(markup: Markup) -> MarkupOut:
    return MarkupOut(percent=format(markup.percent, "f"), fixed=markup.fixed, minimum=markup.minimum)


def plan_out(plan: Plan, scope: Scope) -> PlanOut:
    return PlanOut(
        name=plan.name,
        **_rule_fields(plan.rule),
        object_created=to_wire(plan.created_at),
        object_updated=to_wire(plan.updated_at),
        test=scope.is_test,
    )


def discount_tier_out(tier: DiscountTier, scope: Scope) -> DiscountTierOut:
    return DiscountTierOut(
        name=tier.name,
        percent=format(tier.discount.percent, "f"),
        carriers={carrier: format(percent, "f") for carrier, percent in tier.discount.carriers.items()},
        object_created=to_wire(tier.created_at),
        object_updated=to_wire(tier.updated_at),
        test=scope.is_test,
    )
