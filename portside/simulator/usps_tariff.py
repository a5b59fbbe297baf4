"""What the simulated USPS charges. The numbers are invented; the sheets have the shape of Notice 123 (commercial)."""

from __future__ import annotations

from collections.abc import Mapping

from portside.simulator.rate_cards import read_card, to_cents
from portside.simulator.tariff_types import FlatPrice, LaneKind, Service, SizeFee, Tariff, ValueFee

_DOMESTIC: frozenset[LaneKind] = frozenset({"contiguous", "offshore", "military"})
_ABROAD: frozenset[LaneKind] = frozenset({"neighbour", "world"})

_GROUND_ADVANTAGE = read_card(
    """
    zone      1      2      3      4      5       6       7       8       9
    days      2      2      3      3      4       4       5       5       7
       4   4.80   4.90   5.00   5.20   5.45    5.70    5.95    6.25    7.05
       8   5.00   5.10   5.25   5.60   6.00    6.35    6.75    7.15    8.60
      12   5.15   5.30   5.55   5.95   6.45    7.00    7.50    8.05   10.05
      16   5.30   5.50   5.80   6.30   6.95    7.55    8.20    8.90   11.50
      32   5.95   6.25   6.75   7.60   8.70    9.80   10.85   12.10   16.85
      80   7.75   8.30   9.40  11.20  13.60   16.00   18.30   21.00   31.70
     160  10.50  11.50  13.45  16.80  21.20   25.55   29.75   34.65   54.60
     320  15.60  17.45  21.10  27.20  35.30   43.40   51.10   60.20   97.35
     640  25.10  28.55  35.30  46.60  61.65   76.70   90.95  107.85  177.05
    1120  38.55  44.20  55.35  74.00  98.80  123.60  147.20  175.10  289.50
    """,
    light_steps=(4, 8, 12, 16),
)
_PRIORITY = read_card(
    """
    zone      1      2      3       4       5       6       7       8       9
    days      1      1      2       2       2       3       3       3       5
      16   8.30   8.65   9.20   10.20   11.40   12.45   13.50   14.70   19.65
      32   9.15   9.70  10.55   12.20   14.15   16.05   17.80   19.85   28.50
      80  11.65  12.65  14.40   17.80   22.00   26.10   30.00   34.45   53.60
     160  15.50  17.30  20.50   26.65   34.40   42.05   49.25   57.45   93.25
     320  22.95  26.20  32.10   43.50   58.00   72.40   85.90  101.25  168.75
     640  37.05  43.15  54.20   75.60  102.95  130.20  155.80  184.75  312.60
    1120  57.35  67.55  85.95  121.75  167.55  213.25  256.20  304.75  519.35
    """
)
_PRIORITY_EXPRESS = read_card(
    """
    zone       1       2       3       4       5       6       7       8       9
    days       1       1       1       1       1       2       2       2       3
       8   29.00   29.90   31.70   35.05   38.70   41.75   43.65   45.55   55.40
      16   30.35   31.60   34.20   38.25   42.55   46.10   48.35   50.65   62.55
      32   32.95   34.90   38.90   44.35   49.85   54.30   57.30   60.30   76.20
      80   40.25   44.25   52.20   61.70   70.50   77.65   82.60   87.60  114.85
     160   51.80   58.95   73.25   89.00  103.10  114.45  122.55  130.70  175.85
     320   73.85   87.00  113.30  141.10  165.20  184.55  198.70  212.85  292.05
     640  115.85  140.45  189.65  240.35  283.50  318.15  343.75  369.35  513.40
    1120  176.20  217.25  299.35  382.95  453.55  510.10  552.15  594.20  831.55
    """,
    light_steps=(8, 16),
)
_FIRST_CLASS_INTERNATIONAL = read_card(
    """
    zone      1      2      3      4      5      6      7      8      9
    days      9     10     11     13     11     13     12     13     15
       8  16.75  18.15  20.05  21.70  21.15  22.00  21.50  22.90  23.65
      16  18.75  20.50  22.80  24.95  24.30  25.40  24.75  26.50  27.55
      32  22.60  25.10  28.15  31.25  30.35  31.95  31.05  33.55  35.05
      48  26.40  29.60  33.30  37.40  36.25  38.30  37.20  40.40  42.35
      64  30.10  34.00  38.45  43.40  42.05  44.60  43.20  47.10  49.55
    """,
    light_steps=(8, 16, 32, 48, 64),
)
_PRIORITY_INTERNATIONAL = read_card(
    """
    zone       1       2       3       4       5       6       7       8       9
    days       7       8       8       9       8       9       8       9      10
      16   35.65   38.85   42.50   46.70   48.00   50.35   49.65   53.15   55.25
      32   38.05   42.40   46.55   51.90   53.05   56.10   55.20   59.65   62.30
      80   44.90   52.40   58.15   66.60   67.20   72.35   70.95   78.05   82.30
     160   55.65   68.15   76.35   89.85   89.60   98.05   95.80  107.05  113.80
     320   76.20   98.15  111.10  134.05  132.25  147.05  143.20  162.35  173.80
     640  115.30  155.30  177.35  218.35  213.50  240.35  233.50  267.65  288.15
    1056  164.15  226.70  260.00  323.55  314.95  356.80  346.20  399.15  430.95
    """
)
_EXPRESS_INTERNATIONAL = read_card(
    """
    zone       1       2       3       4       5       6       7       8       9
    days       4       4       5       5       4       5       4       5       5
       8   49.35   53.05   58.50   62.40   63.10   65.85   66.55   69.40   70.85
      16   51.45   55.85   61.70   66.40   66.80   70.20   70.65   74.35   76.20
      32   55.50   61.20   67.80   74.00   73.90   78.60   78.50   83.70   86.30
      80   67.00   76.25   85.00   95.50   94.00  102.25  100.75  110.25  115.00
     160   85.10  100.05  112.20  129.50  125.70  139.65  135.85  152.15  160.30
     320  119.65  145.35  163.95  194.20  186.10  210.80  202.75  232.00  246.60
     640  185.40  231.65  262.60  317.50  301.20  346.45  330.15  384.05  411.05
    1056  267.50  339.40  385.75  471.45  444.90  515.80  489.25  573.95  616.30
    """,
    light_steps=(8, 16),
)

_MAX_OUNCES = 70 * 16
_DIM_DIVISOR = 166
_DIM_FREE_CUBIC_INCHES = 1728
_DOMESTIC_SIGNATURES: Mapping[str, int] = {"STANDARD": 395, "ADULT": 1040, "CERTIFIED": 530}

_NONSTANDARD = (
    SizeFee("nonstandard length", "Nonstandard length over 22 in", "length", 22, 400),
    SizeFee("nonstandard length", "Nonstandard length over 30 in", "length", 30, 900),
    SizeFee("nonstandard volume", "Nonstandard volume over 2 cu ft", "cubic_inches", 2 * 1728, 1800),
)
_OVERSIZE = SizeFee("oversize", "Oversize", "length_and_girth", 108, 6500)

# template, most ounces abroad, then dollars: Priority, Priority Express, Priority International near and far, Express
# International near and far. `-` means that the service does not take the pack.
_FLAT_RATES = """
    USPS_FlatRateCardboardEnvelope   64  10.05  30.45  32.50  45.90  58.10  76.40
    USPS_FlatRateEnvelope            64  10.05  30.45  32.50  45.90  58.10  76.40
    USPS_FlatRateGiftCardEnvelope    64  10.05      -  32.50  45.90      -      -
    USPS_FlatRateLegalEnvelope       64  10.35  30.75  32.50  45.90  58.10  76.40
    USPS_FlatRatePaddedEnvelope      64  10.75  31.20  32.50  45.90  58.10  76.40
    USPS_FlatRateWindowEnvelope      64  10.05      -  32.50  45.90      -      -
    USPS_SmallFlatRateEnvelope       64  10.05      -  32.50  45.90      -      -
    USPS_SmallFlatRateBox            64  10.65      -  33.75  47.35      -      -
    USPS_MediumFlatRateBox1         320  18.05      -  57.85  87.85      -      -
    USPS_MediumFlatRateBox2         320  18.05      -  57.85  87.85      -      -
    USPS_LargeFlatRateBox           320  24.75      -  75.75 113.80      -      -
    USPS_LargeFlatRateBoardGameBox  320  24.75      -  75.75 113.80      -      -
    USPS_APOFlatRateBox             320  23.15      -      -      -      -      -
    USPS_LargeVideoFlatRateBox       64      -      -  33.75  47.35      -      -
    """


def _read_flat_rates() -> dict[tuple[str, str], FlatPrice]:
    prices: dict[tuple[str, str], FlatPrice] = {}
    for line in _FLAT_RATES.strip().splitlines():
        template, ounces, priority, express, *abroad = line.split()
        cells = {
            "usps_priority": (priority, priority, _MAX_OUNCES),
            "usps_priority_express": (express, express, _MAX_OUNCES),
            "usps_priority_mail_international": (abroad[0], abroad[1], int(ounces)),
            "usps_priority_mail_express_international": (abroad[2], abroad[3], int(ounces)),
        }
        for service, (near, far, most) in cells.items():
            if near != "-":
                prices[service, template] = FlatPrice(to_cents(near), to_cents(far), most)
    return prices


USPS = Tariff(
    carrier="usps",
    name="USPS",
    dangerous_goods=frozenset({"usps_ground_advantage"}),
    services=(
        Service(
            "usps_ground_advantage",
            "Ground Advantage",
            _GROUND_ADVANTAGE,
            _DOMESTIC,
            max_ounces=_MAX_OUNCES,
            max_length=108,
            max_length_and_girth=130,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            size_fees=(*_NONSTANDARD, _OVERSIZE),
            signatures=_DOMESTIC_SIGNATURES,
            saturday="always",
        ),
        Service(
            "usps_priority",
            "Priority Mail",
            _PRIORITY,
            _DOMESTIC,
            max_ounces=_MAX_OUNCES,
            max_length=108,
            max_length_and_girth=108,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            size_fees=_NONSTANDARD,
            signatures=_DOMESTIC_SIGNATURES,
            saturday="always",
            own_packaging=True,
        ),
        Service(
            "usps_priority_express",
            "Priority Mail Express",
            _PRIORITY_EXPRESS,
            _DOMESTIC,
            max_ounces=_MAX_OUNCES,
            max_length=108,
            max_length_and_girth=108,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            size_fees=_NONSTANDARD,
            signatures={"STANDARD": 0, "ADULT": 1040},
            saturday="always",
            arrives_by="18:00:00",
            own_packaging=True,
        ),
        Service(
            "usps_first_class_package_international_service",
            "First Class Package International",
            _FIRST_CLASS_INTERNATIONAL,
            _ABROAD,
            max_ounces=64,
            max_length=24,
            max_length_and_girth=60,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            saturday="always",
        ),
        Service(
            "usps_priority_mail_international",
            "Priority Mail International",
            _PRIORITY_INTERNATIONAL,
            _ABROAD,
            max_ounces=66 * 16,
            max_length=42,
            max_length_and_girth=79,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            saturday="always",
            own_packaging=True,
        ),
        Service(
            "usps_priority_mail_express_international",
            "Priority Mail Express International",
            _EXPRESS_INTERNATIONAL,
            _ABROAD,
            max_ounces=66 * 16,
            max_length=36,
            max_length_and_girth=79,
            dim_divisor=_DIM_DIVISOR,
            dim_free_cubic_inches=_DIM_FREE_CUBIC_INCHES,
            signatures={"STANDARD": 0},
            saturday="always",
            own_packaging=True,
        ),
    ),
    insurance=ValueFee(free=100_00, minimum=275, minimum_covers=150_00, per_hundred=185, most=5000_00),
    flat_prices=_read_flat_rates(),
    plain_templates=frozenset({
        "USPS_IrregularParcel", "USPS_SoftPack", "USPS_RegionalRateBoxA1", "USPS_RegionalRateBoxA2",
        "USPS_RegionalRateBoxB1", "USPS_RegionalRateBoxB2",
    }),
    billed_as={},
    max_pieces=1,
    embargoed=frozenset({"KP"}),
    near_zone="1",
    ships_only_from_us=True,
)  # fmt: skip
