"""Where the demo's clients are and what they are called. The towns are real, the companies are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    city: str
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True)
class Country:
    """`share` is how many of a hundred clients live there; `forms` are its legal forms."""

    name: str
    code: str
    currency: str
    share: int
    forms: tuple[str, ...]
    places: tuple[Place, ...]


def _places(*towns: tuple[str, float, float]) -> tuple[Place, ...]:
    return tuple(Place(city=city, latitude=lat, longitude=lon) for city, lat, lon in towns)


COUNTRIES = (
    Country(
        name="Germany",
        code="DE",
        currency="EUR",
        share=34,
        forms=("GmbH", "AG", "KG"),
        places=_places(
            ("Hamburg", 53.5511, 9.9937),
            ("Bremen", 53.0793, 8.8017),
            ("Berlin", 52.52, 13.405),
            ("Leipzig", 51.3397, 12.3731),
            ("München", 48.1351, 11.582),
            ("Köln", 50.9375, 6.9603),
        ),
    ),
    Country(
        name="France",
        code="FR",
        currency="EUR",
        share=11,
        forms=("SARL", "SAS"),
        places=_places(("Lyon", 45.764, 4.8357), ("Nantes", 47.2184, -1.5536), ("Lille", 50.6292, 3.0573)),
    ),
    Country(
        name="Netherlands",
        code="NL",
        currency="EUR",
        share=8,
        forms=("B.V.",),
        places=_places(("Rotterdam", 51.9244, 4.4777), ("Utrecht", 52.0907, 5.1214)),
    ),
    Country(
        name="Austria",
        code="AT",
        currency="EUR",
        share=5,
        forms=("GmbH",),
        places=_places(("Wien", 48.2082, 16.3738), ("Graz", 47.0707, 15.4395)),
    ),
    Country(
        name="United Kingdom",
        code="GB",
        currency="GBP",
        share=12,
        forms=("Ltd", "LLP"),
        places=_places(("Bristol", 51.4545, -2.5879), ("Leeds", 53.8008, -1.5491), ("Glasgow", 55.8642, -4.2518)),
    ),
    Country(
        name="United States",
        code="US",
        currency="USD",
        share=12,
        forms=("Inc.", "LLC"),
        places=_places(("Boston", 42.3601, -71.0589), ("Portland", 45.5152, -122.6784), ("Austin", 30.2672, -97.7431)),
    ),
    Country(
        name="Switzerland",
        code="CH",
        currency="CHF",
        share=7,
        forms=("AG", "SA"),
        places=_places(("Zürich", 47.3769, 8.5417), ("Genève", 46.2044, 6.1432)),
    ),
    Country(
        name="Poland",
        code="PL",
        currency="PLN",
        share=7,
        forms=("Sp. z o.o.",),
        places=_places(("Gdańsk", 54.352, 18.6466), ("Wrocław", 51.1079, 17.0385)),
    ),
    Country(
        name="Japan",
        code="JP",
        currency="JPY",
        share=4,
        forms=("K.K.",),
        places=_places(("Osaka", 34.6937, 135.5023), ("Yokohama", 35.4437, 139.638)),
    ),
)

FIRST_WORDS = (
    "Alderbrook",
    "Birkenfeld",
    "Cassiar",
    "Dunmoor",
    "Eschwald",
    "Fjordlicht",
    "Grauwacke",
    "Heronsgate",
    "Immenhof",
    "Jorvale",
    "Kestrelby",
    "Lindenau",
    "Marrowfield",
    "Nebelhorn",
    "Ostwind",
    "Pellworth",
    "Quillmere",
    "Rothenbach",
    "Silberweide",
    "Tarnbrück",
    "Ulmenhain",
    "Vellmar",
    "Westerkoog",
    "Ysenborn",
    "Zirbenau",
)
SECOND_WORDS = (
    "Logistik",
    "Foods",
    "Instruments",
    "Optik",
    "Shipping",
    "Bakeries",
    "Textiles",
    "Pharma",
    "Energy",
    "Robotics",
    "Ceramics",
    "Media",
)
"""25 × 12 names: enough for every client to have one of its own."""
