"""Facts about the world's countries: about where each lies, its pricing region, and the city its parcels pass through.

One row per ISO 3166-1 alpha-2 code (and XK). Latitude and longitude are those of the gateway city, to a tenth of a
degree: people and parcels are there, while a country's geometric centre is often a desert or a sea.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import msgspec

Region = Literal[
    "north_america",
    "caribbean",
    "latin_america",
    "western_europe",
    "eastern_europe",
    "middle_east",
    "south_asia",
    "east_asia",
    "oceania",
    "africa",
]


class Country(msgspec.Struct, frozen=True):
    """A country as the tariff and the scans see it."""

    code: str
    latitude: float
    longitude: float
    region: Region
    gateway: str


_ROWS: dict[Region, str] = {
    "north_america": """
        US 39.1 -94.6 Kansas City|CA 43.7 -79.4 Toronto|MX 19.4 -99.1 Mexico City|GL 64.2 -51.7 Nuuk
        PM 46.8 -56.2 Saint-Pierre|BM 32.3 -64.8 Hamilton
        """,
    "caribbean": """
        PR 18.5 -66.1 San Juan|VI 18.3 -64.9 Charlotte Amalie|AG 17.1 -61.8 St. John's|AI 18.2 -63.1 The Valley
        AW 12.5 -70.0 Oranjestad|BB 13.1 -59.6 Bridgetown|BL 17.9 -62.8 Gustavia|BQ 12.1 -68.3 Kralendijk
        BS 25.1 -77.3 Nassau|CU 23.1 -82.4 Havana|CW 12.1 -68.9 Willemstad|DM 15.3 -61.4 Roseau
        DO 18.5 -69.9 Santo Domingo|GD 12.1 -61.7 St. George's|GP 16.2 -61.5 Pointe-à-Pitre|HT 18.5 -72.3 Port-au-Prince
        JM 18.0 -76.8 Kingston|KN 17.3 -62.7 Basseterre|KY 19.3 -81.4 George Town|LC 14.0 -61.0 Castries
        MF 18.1 -63.1 Marigot|MQ 14.6 -61.1 Fort-de-France|MS 16.8 -62.2 Brades|SX 18.0 -63.0 Philipsburg
        TC 21.5 -71.1 Cockburn Town|TT 10.7 -61.5 Port of Spain|VC 13.2 -61.2 Kingstown|VG 18.4 -64.6 Road Town
        """,
    "latin_america": """
        AR -34.6 -58.4 Buenos Aires|BO -17.8 -63.2 Santa Cruz|BR -23.5 -46.6 São Paulo|BZ 17.5 -88.2 Belize City
        CL -33.4 -70.7 Santiago|CO 4.7 -74.1 Bogotá|CR 9.9 -84.1 San José|EC -0.2 -78.5 Quito
        FK -51.7 -57.9 Stanley|GF 4.9 -52.3 Cayenne|GT 14.6 -90.5 Guatemala City|GY 6.8 -58.2 Georgetown
        HN 14.1 -87.2 Tegucigalpa|NI 12.1 -86.3 Managua|PA 9.0 -79.5 Panama City|PE -12.0 -77.0 Lima
        PY -25.3 -57.6 Asunción|SR 5.9 -55.2 Paramaribo|SV 13.7 -89.2 San Salvador|UY -34.9 -56.2 Montevideo
        VE 10.5 -66.9 Caracas|GS -54.3 -36.5 Grytviken|BV -54.4 3.4 Bouvet Island
        """,
    "western_europe": """
        AD 42.5 1.5 Andorra la Vella|AT 48.2 16.4 Vienna|AX 60.1 19.9 Mariehamn|BE 50.9 4.4 Brussels
        CH 47.4 8.5 Zurich|DE 50.0 8.6 Frankfurt|DK 55.7 12.6 Copenhagen|ES 40.4 -3.7 Madrid
        FI 60.2 24.9 Helsinki|FO 62.0 -6.8 Tórshavn|FR 48.9 2.4 Paris|GB 51.5 -0.1 London
        GG 49.5 -2.5 St Peter Port|GI 36.1 -5.4 Gibraltar|GR 38.0 23.7 Athens|IE 53.3 -6.3 Dublin
        IM 54.2 -4.5 Douglas|IS 64.1 -21.9 Reykjavík|IT 45.5 9.2 Milan|JE 49.2 -2.1 Saint Helier
        LI 47.1 9.5 Vaduz|LU 49.6 6.1 Luxembourg|MC 43.7 7.4 Monaco|MT 35.9 14.5 Valletta
        NL 52.4 4.9 Amsterdam|NO 59.9 10.8 Oslo|PT 38.7 -9.1 Lisbon|SE 59.3 18.1 Stockholm
        SJ 78.2 15.6 Longyearbyen|SM 43.9 12.4 San Marino|VA 41.9 12.5 Vatican City
        """,
    "eastern_europe": """
        AL 41.3 19.8 Tirana|BA 43.9 18.4 Sarajevo|BG 42.7 23.3 Sofia|BY 53.9 27.6 Minsk
        CY 35.2 33.4 Nicosia|CZ 50.1 14.4 Prague|EE 59.4 24.8 Tallinn|HR 45.8 16.0 Zagreb
        HU 47.5 19.0 Budapest|LT 54.7 25.3 Vilnius|LV 56.9 24.1 Riga|MD 47.0 28.9 Chișinău
        ME 42.4 19.3 Podgorica|MK 42.0 21.4 Skopje|PL 52.2 21.0 Warsaw|RO 44.4 26.1 Bucharest
        RS 44.8 20.5 Belgrade|RU 55.8 37.6 Moscow|SI 46.1 14.5 Ljubljana|SK 48.1 17.1 Bratislava
        UA 50.5 30.5 Kyiv|XK 42.7 21.2 Pristina
        """,
    "middle_east": """
        AE 25.2 55.3 Dubai|AM 40.2 44.5 Yerevan|AZ 40.4 49.9 Baku|BH 26.2 50.6 Manama
        GE 41.7 44.8 Tbilisi|IL 32.1 34.8 Tel Aviv|IQ 33.3 44.4 Baghdad|IR 35.7 51.4 Tehran
        JO 32.0 35.9 Amman|KW 29.4 48.0 Kuwait City|LB 33.9 35.5 Beirut|OM 23.6 58.4 Muscat
        PS 31.9 35.2 Ramallah|QA 25.3 51.5 Doha|SA 24.7 46.7 Riyadh|SY 33.5 36.3 Damascus
        TR 41.0 29.0 Istanbul|YE 15.4 44.2 Sana'a
        """,
    "south_asia": """
        AF 34.5 69.2 Kabul|BD 23.8 90.4 Dhaka|BT 27.5 89.6 Thimphu|IN 28.6 77.2 New Delhi
        IO -7.3 72.4 Diego Garcia|KG 42.9 74.6 Bishkek|KZ 43.2 76.9 Almaty|LK 6.9 79.9 Colombo
        MV 4.2 73.5 Malé|NP 27.7 85.3 Kathmandu|PK 24.9 67.0 Karachi|TJ 38.6 68.8 Dushanbe
        TM 37.9 58.4 Ashgabat|UZ 41.3 69.2 Tashkent
        """,
    "east_asia": """
        BN 4.9 114.9 Bandar Seri Begawan|CN 31.2 121.5 Shanghai|HK 22.3 114.2 Hong Kong|ID -6.2 106.8 Jakarta
        JP 35.7 139.7 Tokyo|KH 11.6 104.9 Phnom Penh|KP 39.0 125.8 Pyongyang|KR 37.5 126.5 Incheon
        LA 18.0 102.6 Vientiane|MM 16.8 96.2 Yangon|MN 47.9 106.9 Ulaanbaatar|MO 22.2 113.5 Macao
        MY 3.1 101.7 Kuala Lumpur|PH 14.6 121.0 Manila|SG 1.4 103.8 Singapore|TH 13.8 100.5 Bangkok
        TL -8.6 125.6 Dili|TW 25.0 121.5 Taipei|VN 10.8 106.7 Ho Chi Minh City
        """,
    "oceania": """
        AU -33.9 151.2 Sydney|NZ -36.8 174.8 Auckland|AS -14.3 -170.7 Pago Pago|GU 13.5 144.8 Hagåtña
        MP 15.2 145.7 Saipan|FM 6.9 158.2 Pohnpei|MH 7.1 171.4 Majuro|PW 7.5 134.6 Melekeok
        UM 19.3 166.6 Wake Island|CC -12.2 96.8 West Island|CK -21.2 -159.8 Avarua|CX -10.4 105.7 Flying Fish Cove
        FJ -18.1 178.4 Suva|KI 1.3 173.0 Tarawa|NC -22.3 166.5 Nouméa|NF -29.1 168.0 Kingston
        NR -0.5 166.9 Yaren|NU -19.1 -169.9 Alofi|PF -17.5 -149.6 Papeete|PG -9.4 147.2 Port Moresby
        PN -25.1 -130.1 Adamstown|SB -9.4 160.0 Honiara|TK -9.2 -171.8 Nukunonu|TO -21.1 -175.2 Nukuʻalofa
        TV -8.5 179.2 Funafuti|VU -17.7 168.3 Port Vila|WF -13.3 -176.2 Mata-Utu|WS -13.8 -171.8 Apia
        AQ -77.8 166.7 McMurdo Station|HM -53.1 73.5 Heard Island|TF -49.4 70.2 Port-aux-Français
        """,
    "africa": """
        AO -8.8 13.2 Luanda|BF 12.4 -1.5 Ouagadougou|BI -3.4 29.4 Bujumbura|BJ 6.4 2.4 Cotonou
        BW -24.7 25.9 Gaborone|CD -4.3 15.3 Kinshasa|CF 4.4 18.6 Bangui|CG -4.3 15.3 Brazzaville
        CI 5.3 -4.0 Abidjan|CM 4.1 9.7 Douala|CV 14.9 -23.5 Praia|DJ 11.6 43.1 Djibouti
        DZ 36.8 3.1 Algiers|EG 30.0 31.2 Cairo|EH 27.1 -13.2 Laayoune|ER 15.3 38.9 Asmara
        ET 9.0 38.7 Addis Ababa|GA 0.4 9.5 Libreville|GH 5.6 -0.2 Accra|GM 13.5 -16.6 Banjul
        GN 9.6 -13.6 Conakry|GQ 3.8 8.8 Malabo|GW 11.9 -15.6 Bissau|KE -1.3 36.8 Nairobi
        KM -11.7 43.3 Moroni|LR 6.3 -10.8 Monrovia|LS -29.3 27.5 Maseru|LY 32.9 13.2 Tripoli
        MA 33.6 -7.6 Casablanca|MG -18.9 47.5 Antananarivo|ML 12.6 -8.0 Bamako|MR 18.1 -16.0 Nouakchott
        MU -20.2 57.5 Port Louis|MW -14.0 33.8 Lilongwe|MZ -26.0 32.6 Maputo|NA -22.6 17.1 Windhoek
        NE 13.5 2.1 Niamey|NG 6.5 3.4 Lagos|RE -20.9 55.5 Saint-Denis|RW -1.9 30.1 Kigali
        SC -4.6 55.5 Victoria|SD 15.5 32.5 Khartoum|SH -15.9 -5.7 Jamestown|SL 8.5 -13.2 Freetown
        SN 14.7 -17.4 Dakar|SO 2.0 45.3 Mogadishu|SS 4.9 31.6 Juba|ST 0.3 6.7 São Tomé
        SZ -26.3 31.1 Mbabane|TD 12.1 15.0 N'Djamena|TG 6.1 1.2 Lomé|TN 36.8 10.2 Tunis
        TZ -6.8 39.3 Dar es Salaam|UG 0.3 32.6 Kampala|YT -12.8 45.2 Mamoudzou|ZA -26.2 28.0 Johannesburg
        ZM -15.4 28.3 Lusaka|ZW -17.8 31.1 Harare
        """,
}

# Sent at domestic prices, with ZIP codes of their own: the possessions and freely associated states of the Domestic
# Mail Manual (608.2).
US_TERRITORIES = frozenset({"PR", "VI", "GU", "AS", "MP", "UM"})
FREELY_ASSOCIATED = frozenset({"FM", "MH", "PW"})


@cache
def _countries() -> dict[str, Country]:
    cells = [
        (region, cell.split(maxsplit=3))
        for region, text in _ROWS.items()
        for line in text.strip().splitlines()
        for cell in line.strip().split("|")
    ]
    return {code: Country(code, float(lat), float(lon), region, city) for region, (code, lat, lon, city) in cells}


def find_country(code: str) -> Country | None:
    """The country of an ISO 3166-1 alpha-2 code, None if there is none."""
    return _countries().get(code.strip().upper())


def is_us_domestic(code: str) -> bool:
    """Whether mail there goes at United States domestic prices, by ZIP code."""
    code = code.strip().upper()
    return code == "US" or code in US_TERRITORIES or code in FREELY_ASSOCIATED
