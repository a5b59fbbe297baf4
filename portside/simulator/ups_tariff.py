"""What the simulated UPS charges. The numbers are invented; the sheets have the shape of UPS's daily rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from portside.simulator.rate_cards import RateCard, read_card
from portside.simulator.tariff_types import LaneKind, Service, SizeFee, Tariff, ValueFee

_UNITED_STATES: frozenset[LaneKind] = frozenset({"contiguous", "offshore"})
_MAINLAND: frozenset[LaneKind] = frozenset({"contiguous"})
_ABROAD: frozenset[LaneKind] = frozenset({"neighbour", "europe", "world"})
_ANYWHERE_ELSE: frozenset[LaneKind] = _ABROAD | {"within_country"}
_OVERLAND: frozenset[LaneKind] = frozenset({"neighbour", "europe", "within_country"})

_GROUND = read_card(
    """
    zone      2      3      4       5       6       7       8      44      45
    days      1      2      2       3       4       4       5       7       7
      16   9.65  10.05  10.45   10.85   11.20   11.60   11.95   31.85   35.20
      32  10.10  10.60  11.10   11.60   12.10   12.60   13.20   34.30   38.05
      80  11.40  12.15  12.95   13.70   14.60   15.60   16.65   41.40   46.20
     160  13.50  14.60  15.90   17.05   18.60   20.35   22.20   52.80   59.30
     320  17.50  19.40  21.60   23.50   26.40   29.55   32.95   74.85   84.55
     640  25.25  28.70  32.60   36.00   41.40   47.30   53.75  117.40  133.35
    1120  36.55  42.15  48.65   54.25   63.25   73.15   83.95  179.30  204.35
    2400  65.65  76.85  89.90  101.15  119.55  139.80  161.85  338.80  387.35
    """
)
_THREE_DAY_SELECT = read_card(
    """
    zone       2       3       4       5       6       7       8
    days       3       3       3       3       3       3       3
      16   14.45   15.20   16.05   17.05   18.40   19.55   20.75
      32   15.50   16.45   17.45   18.75   20.55   22.15   23.75
      80   18.40   19.95   21.65   23.75   26.80   29.65   32.50
     160   23.05   25.60   28.30   31.75   36.80   41.65   46.50
     320   32.05   36.55   41.15   47.20   56.10   64.80   73.50
     640   49.45   57.70   66.05   77.05   93.40  109.60  125.75
    1120   74.80   88.45  102.20  120.45  147.70  174.70  201.70
    2400  140.05  167.70  195.45  232.35  287.55  342.55  397.55
    """
)
_SECOND_DAY_AIR = read_card(
    """
    zone       2       3       4       5       6       7       8      44      45
    days       2       2       2       2       2       2       2       2       3
      16   19.35   20.60   22.30   23.85   25.75   27.45   28.85   35.30   37.75
      32   20.80   22.50   24.65   26.70   29.30   31.60   33.60   41.40   44.25
      80   25.05   27.90   31.40   34.90   39.40   43.55   47.25   58.90   62.95
     160   31.80   36.65   42.25   48.05   55.65   62.70   69.10   86.95   92.95
     320   44.90   53.45   63.15   73.45   87.05   99.70  111.35  141.15  150.85
     640   70.15   85.95  103.60  122.55  147.70  171.15  192.90  245.80  262.80
    1120  106.95  133.20  162.40  194.00  235.95  275.15  311.60  398.10  425.60
    2400  201.65  255.00  314.00  378.05  463.35  543.15  617.50  790.65  845.15
    """
)
_SECOND_DAY_AIR_AM = read_card(
    """
    zone       2       3       4       5       6       7       8
    days       2       2       2       2       2       2       2
      16   22.65   24.05   25.90   27.60   29.70   31.55   33.15
      32   24.25   26.15   28.50   30.75   33.60   36.15   38.40
      80   28.95   32.15   36.00   39.85   44.85   49.40   53.55
     160   36.50   41.85   48.05   54.50   62.90   70.70   77.85
     320   51.00   60.50   71.30   82.70   97.80  111.80  124.75
     640   79.10   96.60  116.20  137.25  165.20  191.25  215.40
    1120  119.95  149.15  181.55  216.65  263.20  306.75  347.30
    2400  225.20  284.50  350.00  421.15  515.85  604.55  687.15
    """
)
_NEXT_DAY_AIR_SAVER = read_card(
    """
    zone       2       3       4       5       6       7       8
    days       1       1       1       1       1       1       1
      16   29.35   33.70   42.45   47.85   50.95   52.95   54.90
      32   31.15   36.30   46.15   52.40   56.10   58.45   60.85
      80   36.20   43.65   56.75   65.50   70.80   74.40   78.05
     160   44.35   55.45   73.80   86.45   94.40  100.00  105.55
     320   60.05   78.25  106.75  127.00  140.00  149.40  158.75
     640   90.40  122.30  170.35  205.30  228.10  244.80  261.55
    1120  134.50  186.35  262.90  319.20  356.25  383.65  411.05
    2400  248.25  351.50  501.45  612.75  686.50  741.40  796.30
    """
)
_NEXT_DAY_AIR = read_card(
    """
    zone       2       3       4       5       6       7       8       44       45
    days       1       1       1       1       1       1       1        1        2
      16   33.60   38.50   47.85   53.35   56.55   59.10   61.10    68.05    71.55
      32   35.55   41.35   51.90   58.30   62.20   65.25   67.75    76.05    80.00
      80   41.20   49.50   63.60   72.65   78.50   82.95   86.85    99.05   104.35
     160   50.30   62.55   82.30   95.65  104.60  111.30  117.50   135.95   143.35
     320   67.85   87.75  118.50  140.05  155.05  166.10  176.70   207.20   218.75
     640  101.75  136.45  188.35  225.80  252.45  272.00  291.10   344.85   364.35
    1120  151.05  207.35  290.05  350.60  394.20  426.05  457.45   545.15   576.15
    2400  278.05  389.95  552.10  672.15  759.45  823.10  886.25  1061.25  1122.05
    """
)
_NEXT_DAY_AIR_EARLY = read_card(
    """
    zone       2       3       4       5       6       7       8
    days       1       1       1       1       1       1       1
      16   64.65   69.80   79.55   85.30   88.75   91.30   93.40
      32   66.70   72.70   83.75   90.40   94.55   97.60  100.25
      80   72.50   81.10   95.80  105.20  111.35  115.85  119.95
     160   81.85   94.55  115.10  128.85  138.25  145.10  151.55
     320   99.95  120.55  152.35  174.60  190.20  201.55  212.55
     640  134.85  170.75  224.35  263.00  290.55  310.65  330.35
    1120  185.65  243.75  329.10  391.55  436.60  469.40  501.80
    2400  316.55  431.90  599.10  722.90  812.90  878.45  943.55
    """
)
_STANDARD = read_card(
    """
    zone    900     910     901     902
    days      2       4       4       5
      16  13.15   17.15   17.50   19.90
      32  13.65   18.10   18.35   21.15
      80  15.15   20.95   20.80   24.75
     160  17.50   25.50   24.80   30.45
     320  22.10   34.30   32.40   41.55
     640  30.95   51.25   47.20   62.95
    1120  43.85   75.95   68.65   94.10
    2400  77.05  139.60  124.00  174.35
    """
)
_EXPEDITED = read_card(
    """
    zone     910     901     902     903     904     905     906     907     908     909
    days       4       3       4       4       5       4       5       4       5       5
      16   49.90   43.70   52.70   59.45   65.85   62.05   69.20   65.65   73.80   77.40
      32   52.65   46.25   56.15   63.65   71.30   66.75   75.05   70.90   80.15   84.30
      80   60.45   53.55   66.05   75.65   86.95   80.35   91.75   86.05   98.45  104.15
     160   73.05   65.30   82.00   94.95  112.10  102.15  118.60  110.40  127.80  136.00
     320   97.35   88.00  112.75  132.20  160.70  144.25  170.40  157.35  184.50  197.55
     640  144.25  131.80  172.20  204.15  254.55  225.60  270.55  248.10  294.00  316.45
    1120  212.55  195.50  258.70  308.85  391.10  343.95  416.20  380.05  453.30  489.40
    2400  388.50  359.75  481.55  578.65  743.00  648.95  791.55  720.25  863.85  935.15
    """
)
_SAVER = read_card(
    """
    zone     900     910     901     902     903     904     905     906     907     908      909
    days       1       2       2       2       3       3       3       3       3       4        4
      16   21.95   53.30   51.05   61.15   68.05   75.60   71.70   79.00   75.35   84.70    88.35
      32   23.80   56.35   53.95   65.05   72.75   81.75   77.05   85.60   81.30   91.85    96.15
      80   29.10   65.20   62.20   76.25   86.30   99.45   92.35  104.45   98.40  112.50   118.55
     160   37.65   79.40   75.45   94.25  108.10  127.80  116.95  134.70  125.85  145.60   154.50
     320   54.05  106.80  101.00  128.95  150.10  182.60  164.45  193.20  178.85  209.55   223.90
     640   85.85  159.75  150.45  196.00  231.30  288.50  256.25  306.15  281.20  333.10   358.05
    1120  132.05  236.75  222.30  293.60  349.40  442.55  389.75  470.45  430.10  512.85   553.20
    2400  251.15  435.30  407.60  545.05  653.80  839.60  733.85  893.95  813.90  976.00  1056.10
    """
)
_EXPRESS = read_card(
    """
    zone     900     910     901     902     903     904     905     906     907      908      909
    days       1       1       1       2       2       3       2       3       2        3        3
      16   25.10   58.50   56.25   66.45   73.40   81.05   77.10   84.50   80.80    90.20    93.90
      32   27.05   61.80   59.35   70.60   78.40   87.60   82.80   91.50   87.15    97.85   102.25
      80   32.75   71.25   68.15   82.60   92.90  106.50   99.15  111.65  105.40   119.95   126.20
     160   41.85   86.40   82.30  101.75  116.15  136.80  125.45  144.00  134.70   155.30   164.55
     320   59.40  115.65  109.65  138.85  161.05  195.35  176.20  206.45  191.30   223.60   238.75
     640   93.35  172.25  162.40  210.50  247.75  308.50  274.20  327.10  300.65   355.55   382.00
    1120  142.70  254.50  239.20  314.70  373.90  473.05  416.85  502.65  459.75   547.55   590.45
    2400  269.90  466.55  437.10  583.30  699.05  897.10  784.35  955.00  869.70  1042.30  1127.65
    """
)
_EXPRESS_PLUS = read_card(
    """
    zone     900     910     901     902     903     904     905      906     907      908
    days       1       1       1       2       2       3       2        3       2        3
      16   60.15   97.60   95.35  105.55  112.50  120.20  116.20   123.65  119.95   129.40
      32   62.15  100.95   98.45  109.80  117.65  126.90  122.05   130.80  126.45   137.20
      80   67.95  110.60  107.50  122.00  132.45  146.20  138.75   151.40  145.10   159.75
     160   77.25  126.05  121.95  141.60  156.20  177.15  165.60   184.45  175.00   195.85
     320   95.15  155.95  149.85  179.50  202.00  236.95  217.40   248.20  232.80   265.60
     640  129.85  213.75  203.75  252.65  290.60  352.45  317.55   371.45  344.50   400.40
    1120  180.25  297.75  282.15  359.10  419.45  520.55  463.20   550.70  506.95   596.45
    2400  310.20  514.30  484.30  633.40  751.50  953.65  838.55  1012.70  925.60  1101.75
    """
)

_MAX_OUNCES = 150 * 16
_MAX_LENGTH = 108
_MAX_LENGTH_AND_GIRTH = 165
_DIM_DIVISOR = 139

# Fuel surcharge in percent of the transport charges, and the fee in cents for a home.
_BY_ROAD = (Decimal("18.50"), 595)
_BY_AIR = (Decimal("19.25"), 650)
_WORLDWIDE = (Decimal("21.00"), 650)

_SIGNATURES: Mapping[str, int] = {"STANDARD": 720, "ADULT": 860}

_HANDLING = (
    SizeFee("handling", "Additional handling: over 50 lb", "ounces", 50 * 16, 2650),
    SizeFee("handling", "Additional handling: second side over 30 in", "second_side", 30, 1900),
    SizeFee("handling", "Additional handling: longest side over 48 in", "length", 48, 1900),
    SizeFee("handling", "Large package: length over 96 in", "length", 96, 13500),
    SizeFee("handling", "Large package: length and girth over 130 in", "length_and_girth", 130, 13500),
)

# Packs billed at one weight in ounces, whatever is in them: 10 kg and 25 kg, in whole pounds.
_BILLED_AS = {"UPS_Box_10kg": 22 * 16, "UPS_Box_25kg": 55 * 16}

_EXPRESS_PACKS = frozenset({
    "UPS_Express_Box", "UPS_Express_Box_Large", "UPS_Express_Box_Medium", "UPS_Express_Box_Small",
    "UPS_Express_Envelope", "UPS_Express_Hard_Pak", "UPS_Express_Legal_Envelope", "UPS_Express_Pak",
    "UPS_Express_Tube", "UPS_Laboratory_Pak", "UPS_Pad_Pak",
})  # fmt: skip


def _service(
    token: str, name: str, card: RateCard, lanes: frozenset[LaneKind], surcharges: tuple[Decimal, int]
) -> Service:
    """What every UPS service shares; the table below says the rest."""
    fuel_percent, residential_fee = surcharges
    return Service(
        token=token,
        name=name,
        card=card,
        lanes=lanes,
        max_ounces=_MAX_OUNCES,
        max_length=_MAX_LENGTH,
        max_length_and_girth=_MAX_LENGTH_AND_GIRTH,
        dim_divisor=_DIM_DIVISOR,
        size_fees=_HANDLING,
        fuel_percent=fuel_percent,
        residential_fee=residential_fee,
        signatures=_SIGNATURES,
    )


def _express(service: Service, arrives_by: str | None, *, saturday: bool = False) -> Service:
    """A service by air: it takes UPS's own packs, and some are brought on a Saturday when asked."""
    return replace(service, arrives_by=arrives_by, own_packaging=True, saturday="on_request" if saturday else "never")


UPS = Tariff(
    carrier="ups",
    name="UPS",
    services=(
        _service("ups_ground", "Ground", _GROUND, _UNITED_STATES, _BY_ROAD),
        _service("ups_3_day_select", "3 Day Select®", _THREE_DAY_SELECT, _MAINLAND, _BY_ROAD),
        _express(
            _service("ups_second_day_air", "2nd Day Air®", _SECOND_DAY_AIR, _UNITED_STATES, _BY_AIR),
            None,
            saturday=True,
        ),
        _express(
            _service("ups_second_day_air_am", "2nd Day Air® A.M.", _SECOND_DAY_AIR_AM, _MAINLAND, _BY_AIR),
            "10:30:00",
        ),
        _express(
            _service("ups_next_day_air_saver", "Next Day Air Saver®", _NEXT_DAY_AIR_SAVER, _MAINLAND, _BY_AIR),
            "15:00:00",
        ),
        _express(
            _service("ups_next_day_air", "Next Day Air®", _NEXT_DAY_AIR, _UNITED_STATES, _BY_AIR),
            "10:30:00",
            saturday=True,
        ),
        _express(
            _service("ups_next_day_air_early_am", "Next Day Air® Early", _NEXT_DAY_AIR_EARLY, _MAINLAND, _BY_AIR),
            "08:30:00",
            saturday=True,
        ),
        _service("ups_standard", "Standard℠", _STANDARD, _OVERLAND, _BY_ROAD),
        _service("ups_expedited", "Expedited®", _EXPEDITED, _ABROAD, _WORLDWIDE),
        _express(
            _service("ups_saver", "Saver®", _SAVER, _ANYWHERE_ELSE, _WORLDWIDE),
            None,
        ),
        _express(
            _service("ups_express", "Express®", _EXPRESS, _ANYWHERE_ELSE, _WORLDWIDE),
            "12:00:00",
            saturday=True,
        ),
        _express(
            _service("ups_express_plus", "Express Plus®", _EXPRESS_PLUS, _ANYWHERE_ELSE, _WORLDWIDE),
            "09:00:00",
            saturday=True,
        ),
    ),
    insurance=ValueFee(free=100_00, minimum=465, minimum_covers=300_00, per_hundred=155, most=50_000_00),
    flat_prices={},
    plain_templates=_EXPRESS_PACKS,
    billed_as=_BILLED_AS,
    max_pieces=50,
    embargoed=frozenset({"CU", "IR", "KP", "SY"}),
    near_zone="",
    ships_only_from_us=False,
    cod_fee=1850,
    saturday_fee=1600,
    delivers_to_po_boxes=False,
)
