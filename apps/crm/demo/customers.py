"""Who buys: old, new, lost and future customers in nine countries, a few large and many small ones."""

from datetime import date, timedelta
from random import Random

from apps.crm.demo.atlas import COUNTRIES, FIRST_WORDS, SECOND_WORDS, Country
from apps.crm.demo.shapes import Customer
from apps.crm.models import Client

COUNT = 120
PROSPECTS = 6
LOST = 12
NEW = 42
HABITS = {"prompt": 58, "slow": 24, "partial": 11, "defaulting": 7}
"""How many of a hundred customers pay how."""
TERMS = {14: 30, 30: 50, 45: 12, 60: 8}


def make(who: Random, random: Random, start: date, today: date) -> list[Customer]:
    """By code. `who` decides who they are and is asked the same on every day; `random` decides their days."""
    names = who.sample([f"{first} {second}" for first in FIRST_WORDS for second in SECOND_WORDS], COUNT)
    fates = ["prospect"] * PROSPECTS + ["lost"] * LOST + ["new"] * NEW
    fates += ["old"] * (COUNT - len(fates))
    who.shuffle(fates)
    countries = _countries(who)
    made = [
        _customer(who, index, name, country, fate, _business(random, fate, start, today))
        for index, (name, country, fate) in enumerate(zip(names, countries, fates, strict=True), start=1)
    ]
    return _silence_one(made, start, today)


def _countries(who: Random) -> list[Country]:
    shares = [country.share for country in COUNTRIES]
    chosen = [country for country in COUNTRIES for _ in range(country.share * COUNT // sum(shares))]
    chosen += who.choices(COUNTRIES, shares, k=COUNT - len(chosen))
    who.shuffle(chosen)
    return chosen


def _customer(who: Random, index: int, name: str, country: Country, fate: str, business: tuple[date, date]) -> Customer:
    place = who.choice(country.places)
    first, last = business
    status = {"prospect": Client.Status.PROSPECT, "lost": Client.Status.INACTIVE}.get(fate, Client.Status.ACTIVE)
    return Customer(
        code=f"C{index:03}",
        name=f"{name} {who.choice(country.forms)}",
        status=status,
        country=country.name,
        country_code=country.code,
        city=place.city,
        # Not all in the market square: within some five kilometres of it.
        latitude=round(place.latitude + who.uniform(-0.04, 0.04), 5),
        longitude=round(place.longitude + who.uniform(-0.05, 0.05), 5),
        currency=country.currency,
        since=first - timedelta(days=who.randrange(2200)) if fate in ("old", "lost") else first,
        payment_terms_days=who.choices(list(TERMS), list(TERMS.values()))[0],
        weight=who.lognormvariate(0, 0.8),
        habit=who.choices(list(HABITS), list(HABITS.values()))[0],
        first=first,
        last=last,
    )


def _business(random: Random, fate: str, start: date, today: date) -> tuple[date, date]:
    """First and last day on which it may be billed."""
    days = (today - start).days
    if fate in ("new", "prospect"):
        return start + timedelta(days=random.randrange(30, days - 20)), today
    if fate == "lost":
        return start, start + timedelta(days=random.randrange(days // 3, days - 200))
    return start, today


def _silence_one(made: list[Customer], start: date, today: date) -> list[Customer]:
    """Plant an anomaly: a large customer, still active on paper, that has stopped buying five months ago."""
    loyal = [one for one in made if one.status == Client.Status.ACTIVE and one.first == start]
    silent = sorted(loyal, key=lambda one: (-one.weight, one.code))[2]
    return [Customer(**{**vars(one), "last": today - timedelta(days=150)}) if one is silent else one for one in made]
