"""Carriers' own packagings: the closed list of parcel templates with their dimensions.

Source: the official Python SDK 4.0.0 of the Shippo API (OpenAPI document 2018-02-08, read November 2026), modules
parceltemplate*enum.py: 6 carriers, 68 tokens, case-sensitive. The figures are the vendor's, also where they look odd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

import msgspec

from portside.kit.units import DistanceUnit

_LINE = re.compile(r"    (\S+)  ([\d.]+) x ([\d.]+) x ([\d.]+) (\S+)  (.+)")
# A pack without stiff sides: its height is not known before it is filled.
_SOFT = frozenset({"USPS_SoftPack"})


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One packaging; lengths are decimal text in `distance_unit`, all zero where the caller must give them."""

    token: str
    name: str
    carrier: str
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit

    @property
    def is_variable_dimensions(self) -> bool:
        """Whether the caller gives the dimensions; the others are what they are, whatever the caller says."""
        return not float(self.length)

    @property
    def is_soft(self) -> bool:
        """Whether length and width say all that there is to say."""
        return self.token in _SOFT


@lru_cache(maxsize=1)
def templates() -> Mapping[str, Template]:
    """All of them by token, in the order of the source."""
    found: dict[str, Template] = {}
    carrier = ""
    for line in _SHEET.strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            carrier = line
            continue
        token, length, width, height, unit, name = match.groups()
        found[token] = Template(
            token=token,
            name=name,
            carrier=carrier,
            length=length,
            width=width,
            height=height,
            distance_unit=cast(DistanceUnit, unit),
        )
    return found


def find_template(token: str) -> Template | None:
    """The template of a token; None if there is none."""
    return templates().get(token)


# A line at the margin is a carrier; below it, one packaging to a line: token, dimensions, name.
_SHEET = """
usps
    USPS_FlatRateCardboardEnvelope  12.50 x 9.50 x 0.75 in  Flat Rate Cardboard Envelope
    USPS_FlatRateEnvelope  12.50 x 9.50 x 0.75 in  Flat Rate Envelope
    USPS_FlatRateGiftCardEnvelope  10.00 x 7.00 x 0.75 in  Flat Rate Gift Card Envelope
    USPS_FlatRateLegalEnvelope  15.00 x 9.50 x 0.75 in  Flat Rate Legal Envelope
    USPS_FlatRatePaddedEnvelope  12.50 x 9.50 x 1.00 in  Flat Rate Padded Envelope
    USPS_FlatRateWindowEnvelope  10.00 x 5.00 x 0.75 in  Flat Rate Window Envelope
    USPS_IrregularParcel  0.00 x 0.00 x 0.00 in  Irregular Parcel
    USPS_LargeFlatRateBoardGameBox  24.06 x 11.88 x 3.13 in  Large Flat Rate Board Game Box
    USPS_LargeFlatRateBox  12.25 x 12.25 x 6.00 in  Large Flat Rate Box
    USPS_APOFlatRateBox  12.25 x 12.25 x 6.00 in  APO/FPO/DPO Large Flat Rate Box
    USPS_LargeVideoFlatRateBox  9.60 x 6.40 x 2.20 in  Flat Rate Large Video Box (Int'l only)
    USPS_MediumFlatRateBox1  11.25 x 8.75 x 6.00 in  Medium Flat Rate Box 1
    USPS_MediumFlatRateBox2  14.00 x 12.00 x 3.50 in  Medium Flat Rate Box 2
    USPS_RegionalRateBoxA1  10.13 x 7.13 x 5.00 in  Regional Rate Box A1
    USPS_RegionalRateBoxA2  13.06 x 11.06 x 2.50 in  Regional Rate Box A2
    USPS_RegionalRateBoxB1  12.25 x 10.50 x 5.50 in  Regional Rate Box B1
    USPS_RegionalRateBoxB2  16.25 x 14.50 x 3.00 in  Regional Rate Box B2
    USPS_SmallFlatRateBox  8.69 x 5.44 x 1.75 in  Small Flat Rate Box
    USPS_SmallFlatRateEnvelope  10.00 x 6.00 x 4.00 in  Small Flat Rate Envelope
    USPS_SoftPack  0.00 x 0.00 x 0.00 in  Soft Pack Padded Envelope
ups
    UPS_Box_10kg  410.00 x 335.00 x 265.00 mm  Box 10kg
    UPS_Box_25kg  484.00 x 433.00 x 350.00 mm  Box 25kg
    UPS_Express_Box  460.00 x 315.00 x 95.00 mm  Express Box
    UPS_Express_Box_Large  18.00 x 13.00 x 3.00 in  Express Box Large
    UPS_Express_Box_Medium  15.00 x 11.00 x 3.00 in  Express Box Medium
    UPS_Express_Box_Small  13.00 x 11.00 x 2.00 in  Express Box Small
    UPS_Express_Envelope  12.50 x 9.50 x 2.00 in  Express Envelope
    UPS_Express_Hard_Pak  14.75 x 11.50 x 2.00 in  Express Hard Pak
    UPS_Express_Legal_Envelope  15.00 x 9.50 x 2.00 in  Express Legal Envelope
    UPS_Express_Pak  16.00 x 12.75 x 2.00 in  Express Pak
    UPS_Express_Tube  970.00 x 190.00 x 165.00 mm  Express Tube
    UPS_Laboratory_Pak  17.25 x 12.75 x 2.00 in  Laboratory Pak
    UPS_MI_BPM  0.00 x 0.00 x 0.00 in  BPM (Mail Innovations - Domestic & International)
    UPS_MI_BPM_Flat  0.00 x 0.00 x 0.00 in  BPM Flat (Mail Innovations - Domestic & International)
    UPS_MI_BPM_Parcel  0.00 x 0.00 x 0.00 in  BPM Parcel (Mail Innovations - Domestic & International)
    UPS_MI_First_Class  0.00 x 0.00 x 0.00 in  First Class (Mail Innovations - Domestic only)
    UPS_MI_Flat  0.00 x 0.00 x 0.00 in  Flat (Mail Innovations - Domestic only)
    UPS_MI_Irregular  0.00 x 0.00 x 0.00 in  Irregular (Mail Innovations - Domestic only)
    UPS_MI_Machinable  0.00 x 0.00 x 0.00 in  Machinable (Mail Innovations - Domestic only)
    UPS_MI_MEDIA_MAIL  0.00 x 0.00 x 0.00 in  Media Mail (Mail Innovations - Domestic only)
    UPS_MI_Parcel_Post  0.00 x 0.00 x 0.00 in  Parcel Post (Mail Innovations - Domestic only)
    UPS_MI_Priority  0.00 x 0.00 x 0.00 in  Priority (Mail Innovations - Domestic only)
    UPS_MI_Standard_Flat  0.00 x 0.00 x 0.00 in  Standard Flat (Mail Innovations - Domestic only)
    UPS_Pad_Pak  14.75 x 11.00 x 2.00 in  Pad Pak
    UPS_Pallet  120.00 x 80.00 x 200.00 cm  Pallet
fedex
    FedEx_Box_10kg  15.81 x 12.94 x 10.19 in  FedEx® 10kg Box
    FedEx_Box_25kg  54.80 x 42.10 x 33.50 in  FedEx® 25kg Box
    FedEx_Box_Extra_Large_1  11.88 x 11.00 x 10.75 in  FedEx® Extra Large Box (X1)
    FedEx_Box_Extra_Large_2  15.75 x 14.13 x 6.00 in  FedEx® Extra Large Box (X2)
    FedEx_Box_Large_1  17.50 x 12.38 x 3.00 in  FedEx® Large Box (L1)
    FedEx_Box_Large_2  11.25 x 8.75 x 7.75 in  FedEx® Large Box (L2)
    FedEx_Box_Medium_1  13.25 x 11.50 x 2.38 in  FedEx® Medium Box (M1)
    FedEx_Box_Medium_2  11.25 x 8.75 x 4.38 in  FedEx® Medium Box (M2)
    FedEx_Box_Small_1  12.38 x 10.88 x 1.50 in  FedEx® Small Box (S1)
    FedEx_Box_Small_2  11.25 x 8.75 x 4.38 in  FedEx® Small Box (S2)
    FedEx_Envelope  12.50 x 9.50 x 0.80 in  FedEx® Envelope
    FedEx_Padded_Pak  11.75 x 14.75 x 2.00 in  FedEx® Padded Pak
    FedEx_Pak_1  15.50 x 12.00 x 0.80 in  FedEx® Large Pak
    FedEx_Pak_2  12.75 x 10.25 x 0.80 in  FedEx® Small Pak
    FedEx_Tube  38.00 x 6.00 x 6.00 in  FedEx® Tube
    FedEx_XL_Pak  17.50 x 20.75 x 2.00 in  FedEx® Extra Large Pak
dhl_ecommerce
    DHLeC_Irregular  10.00 x 10.00 x 10.00 in  Irregular Shipment
    DHLeC_SM_Flats  27.00 x 17.00 x 17.00 in  Flats
dpd_uk
    DPD_UK_Express_Pak  530.00 x 400.00 x 100.00 mm  DPD UK Express Pak
fastway_australia
    Fastway_Australia_Satchel_A2  594.00 x 420.00 x 48.00 mm  Satchel A2
    Fastway_Australia_Satchel_A3  420.00 x 297.00 x 64.00 mm  Satchel A3
    Fastway_Australia_Satchel_A4  297.00 x 210.00 x 64.00 mm  Satchel A4
    Fastway_Australia_Satchel_A5  210.00 x 148.00 x 64.00 mm  Satchel A5
"""
