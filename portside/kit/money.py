"""Currencies: which one a country uses (ISO 4217), and what an amount is about worth in another.

The exchange rates are indicative and dated: they say what a price is like in the recipient's money (`amount_local`).
Money is charged by them in one case only: a platform's fixed or minimum price in another currency than the carrier's.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import msgspec

# The day that the floating rates below are of.
RATES_OF = dt.date(2024, 12, 31)

# ISO 4217 codes with the countries (ISO 3166-1) that use them.
_USED_IN = """
    EUR AD AT AX BE BG BL CY DE EE ES FI FR GF GP GR HR IE IT LT LU LV MC ME MF MQ MT NL PM PT RE SI SK SM TF VA XK YT
    USD US AS BQ EC FM GU IO MH MP PR PW SV TC TL UM VG VI
    GBP GB GG GS IM JE|CHF CH LI|DKK DK FO GL|NOK NO SJ BV|SEK SE|ISK IS|PLN PL|CZK CZ|HUF HU|RON RO|TRY TR|ALL AL
    BAM BA|MKD MK|RSD RS|MDL MD|UAH UA|BYN BY|RUB RU|GEL GE|AMD AM|AZN AZ|GIP GI
    CAD CA|MXN MX|GTQ GT|BZD BZ|HNL HN|NIO NI|CRC CR|PAB PA|CUP CU|DOP DO|HTG HT|JMD JM|TTD TT|BSD BS|BBD BB|BMD BM
    KYD KY|XCD AG AI DM GD KN LC MS VC|AWG AW|XCG CW SX|COP CO|VES VE|GYD GY|SRD SR|PEN PE|BOB BO|BRL BR|PYG PY|UYU UY
    ARS AR|CLP CL|FKP FK|AUD AU CC CX HM KI NF NR TV|NZD NZ CK NU PN TK|FJD FJ|PGK PG|SBD SB|TOP TO|VUV VU|WST WS
    XPF PF NC WF|JPY JP|CNY CN|HKD HK|MOP MO|TWD TW|KRW KR|KPW KP|MNT MN|IDR ID|MYR MY|SGD SG|BND BN|PHP PH|THB TH
    VND VN|KHR KH|LAK LA|MMK MM|INR IN|PKR PK|BDT BD|LKR LK|NPR NP|BTN BT|MVR MV|AFN AF|KZT KZ|UZS UZ|KGS KG|TJS TJ
    TMT TM|IRR IR|IQD IQ|SYP SY|LBP LB|JOD JO|ILS IL PS|SAR SA|AED AE|QAR QA|KWD KW|BHD BH|OMR OM|YER YE
    EGP EG|LYD LY|TND TN|DZD DZ|MAD MA EH|MRU MR|XOF BJ BF CI GW ML NE SN TG|XAF CM CF TD CG GQ GA|CVE CV|GMD GM|GNF GN
    SLE SL|LRD LR|GHS GH|NGN NG|STN ST|CDF CD|AOA AO|SDG SD|SSP SS|ETB ET|ERN ER|DJF DJ|SOS SO|KES KE|UGX UG|TZS TZ
    RWF RW|BIF BI|MWK MW|ZMW ZM|ZWG ZW|MZN MZ|MGA MG|MUR MU|SCR SC|KMF KM|BWP BW|NAD NA|LSL LS|SZL SZ|ZAR ZA|SHP SH
    """

# Units per euro: the European Central Bank's reference rates of that day, rounded.
_PER_EURO = """
    USD 1.039|JPY 163.1|CZK 25.19|DKK 7.458|GBP 0.829|HUF 411.4|PLN 4.275|RON 4.974|SEK 11.46|CHF 0.941|ISK 143.9
    NOK 11.80|TRY 36.74|AUD 1.677|BRL 6.425|CAD 1.495|CNY 7.583|HKD 8.069|IDR 16821|ILS 3.789|INR 88.93|KRW 1532
    MXN 21.55|MYR 4.645|NZD 1.853|PHP 60.30|SGD 1.416|THB 35.68|ZAR 19.62
    """

# Official parities, which do not float: currency, units, and the currency that they are one unit of.
_PEGS = """
    XOF 655.957 EUR|XAF 655.957 EUR|XPF 119.332 EUR|BAM 1.95583 EUR|CVE 110.265 EUR|KMF 491.968 EUR|STN 24.5 EUR
    AED 3.6725 USD|SAR 3.75 USD|QAR 3.64 USD|OMR 0.3845 USD|BHD 0.376 USD|JOD 0.709 USD|BSD 1 USD|BMD 1 USD|PAB 1 USD
    BBD 2 USD|BZD 2 USD|KYD 0.8333 USD|XCD 2.70 USD|AWG 1.79 USD|XCG 1.79 USD|FKP 1 GBP|GIP 1 GBP|SHP 1 GBP|BND 1 SGD
    NAD 1 ZAR|LSL 1 ZAR|SZL 1 ZAR|BTN 1 INR|NPR 1.6 INR|MOP 1.03 HKD
    """

_CENT = Decimal("0.01")
# ISO 4217 currencies without a smaller unit. All others have cents here: the wire's amounts have two places.
WHOLE = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)

# The operator's table, if there is one; installed at start.
_installed: ExchangeRates | None = None


class ExchangeRates(msgspec.Struct, frozen=True):
    """A dated table: units of each currency (ISO 4217) per euro. As a file: `{"date": "2026-11-20", "per_euro":
    {"USD": "1.05"}}`. Currencies with an official parity follow the one that they are pegged to."""

    date: dt.date
    per_euro: dict[str, Decimal]


class WrongRates(Exception):
    """A table of exchange rates that cannot be used; the message says what is wrong with it."""


def read_rates(path: Path) -> ExchangeRates:
    """An operator's table. Raises WrongRates."""
    try:
        table = msgspec.json.decode(path.read_bytes(), type=ExchangeRates)
    except OSError as error:
        raise WrongRates(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise WrongRates(f"{path}: {error}") from error
    for currency, rate in table.per_euro.items():
        if len(currency) != 3 or not currency.isupper() or not rate.is_finite() or rate <= 0:
            raise WrongRates(f"{path}: {currency} {rate} is no rate; currencies are like USD, rates above zero.")
    return table


def install_rates(table: ExchangeRates | None) -> None:
    """Use the operator's table instead of the built-in one (None: the built-in one again)."""
    global _installed
    _installed = table
    _per_euro.cache_clear()


def rates_date() -> dt.date:
    """The day that the rates in use are of."""
    return RATES_OF if _installed is None else _installed.date


def _rows(table: str) -> list[list[str]]:
    return [row.split() for line in table.strip().splitlines() for row in line.split("|")]


@cache
def _currencies() -> dict[str, str]:
    return {country: currency for currency, *countries in _rows(_USED_IN) for country in countries}


@cache
def _per_euro() -> dict[str, Decimal]:
    rates = {currency: Decimal(rate) for currency, rate in _rows(_PER_EURO)}
    if _installed is not None:
        rates = dict(_installed.per_euro)
    rates["EUR"] = Decimal(1)
    for currency, units, anchor in _rows(_PEGS):
        if anchor in rates:
            rates.setdefault(currency, Decimal(units) * rates[anchor])
    return rates


def currency_of(country: str) -> str | None:
    """The currency used in a country (ISO 3166-1 alpha-2); None for places without one."""
    return _currencies().get(country)


def is_convertible(currency: str) -> bool:
    """Whether there is an exchange rate for the currency."""
    return currency in _per_euro()


def places(currency: str) -> Decimal:
    """The smallest step of prices in a currency, for rounding: 0.01, or 1 where there are no cents."""
    return Decimal(1) if currency in WHOLE else _CENT


def convert(amount: Decimal, source: str, target: str) -> Decimal | None:
    """The amount in another currency, to cents; None when there is no exchange rate for one of the two."""
    if source == target:
        return amount
    rates = _per_euro()
    if source not in rates or target not in rates:
        return None
    return (amount * rates[target] / rates[source]).quantize(_CENT, ROUND_HALF_UP)
