"""What the demo company sells, at list prices in EUR, and how each service does over the year and over the years."""

from dataclasses import dataclass
from decimal import Decimal

# What one euro buys. Fixed: price lists do not follow the market.
RATES = {
    "EUR": Decimal("1"),
    "USD": Decimal("1.10"),
    "GBP": Decimal("0.86"),
    "CHF": Decimal("0.95"),
    "PLN": Decimal("4.30"),
    "JPY": Decimal("160"),
}

EVEN = (1.0,) * 12
"""Factors from January to December."""
WINTER = (1.5, 1.4, 1.1, 0.8, 0.7, 0.6, 0.5, 0.5, 0.9, 1.2, 1.4, 1.6)
SUMMER = (0.6, 0.6, 0.9, 1.1, 1.4, 1.6, 1.5, 1.3, 1.1, 0.8, 0.6, 0.5)
YEAR_END = (0.9, 0.7, 0.9, 0.8, 0.8, 0.9, 0.6, 0.6, 1.0, 1.2, 1.5, 2.2)
BUSINESS = (0.95, 0.95, 1.1, 1.0, 1.0, 1.05, 0.8, 0.7, 1.1, 1.1, 1.15, 1.3)
"""All of the company's business: slow in August, strong in December."""


@dataclass(frozen=True, kw_only=True)
class Offering:
    """`demand` is its share; `trend` multiplies the demand once a year; quantities are multiples of `step`."""

    code: str
    name: str
    category: str
    unit: str
    price: Decimal
    demand: float
    steps: tuple[int, int]
    step: Decimal = Decimal(1)
    season: tuple[float, ...] = EVEN
    trend: float = 1.0


def _offering(
    code: str, name: str, category: str, unit: str, price: str, demand: float, steps: tuple[int, int], **more: object
) -> Offering:
    given = {"step": Decimal("0.25")} if unit == "hour" else {}
    return Offering(
        code=code,
        name=name,
        category=category,
        unit=unit,
        price=Decimal(price),
        demand=demand,
        steps=steps,
        **{**given, **more},  # type: ignore[arg-type]
    )


OFFERINGS = (
    _offering("CON-ARCH", "Architecture consulting", "Consulting", "hour", "165", 6, (16, 96)),
    _offering("CON-DATA", "Data consulting", "Consulting", "hour", "155", 6, (16, 80), trend=1.35),
    _offering("CON-SEC", "Security review", "Consulting", "hour", "180", 4, (16, 64), season=YEAR_END),
    _offering("CON-PROC", "Process analysis", "Consulting", "hour", "140", 4, (12, 48), trend=0.8),
    _offering("DEV-WEB", "Web development", "Development", "hour", "120", 8, (24, 160)),
    _offering("DEV-EMB", "Embedded development", "Development", "hour", "135", 5, (24, 120)),
    _offering("DEV-INT", "System integration", "Development", "hour", "130", 6, (16, 96)),
    _offering("SUP-STD", "Support plan standard", "Support", "month", "490", 12, (1, 1)),
    _offering("SUP-PLUS", "Support plan plus", "Support", "month", "1290", 6, (1, 1), trend=1.2),
    _offering("SUP-HOUR", "Support by the hour", "Support", "hour", "95", 7, (4, 24)),
    _offering("MNT-HEAT", "Heating control maintenance", "Maintenance", "visit", "320", 6, (1, 3), season=WINTER),
    _offering("MNT-COOL", "Cooling control maintenance", "Maintenance", "visit", "340", 5, (1, 3), season=SUMMER),
    _offering("MNT-NET", "Network maintenance", "Maintenance", "visit", "260", 5, (1, 4)),
    _offering("TRN-BASE", "Basic training", "Training", "participant", "280", 5, (3, 14)),
    _offering("TRN-ADV", "Advanced training", "Training", "participant", "450", 3, (2, 10), season=YEAR_END),
    _offering("HST-VM", "Managed server", "Hosting", "month", "145", 9, (1, 8), trend=1.15),
    _offering("HST-BAK", "Managed backup", "Hosting", "month", "59", 8, (1, 10)),
    _offering("LIC-CTRL", "Controller licence", "Licences", "piece", "210", 5, (1, 20), season=YEAR_END),
    _offering("LIC-SENS", "Sensor licence", "Licences", "piece", "24.90", 5, (10, 120), trend=1.25),
    _offering("EXP-TRAV", "Travel expenses", "Expenses", "kilometre", "0.42", 4, (80, 900)),
)
