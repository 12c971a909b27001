"""Currencies after ISO 4217: how many digits a currency shows, rounding half to even, formatting."""

from decimal import ROUND_HALF_EVEN, Decimal

from apps.core.errors import InvalidInput

_ODD_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_TWO_DIGITS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
    COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
    MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
DIGITS: dict[str, int] = {code: digits for digits, codes in _ODD_DIGITS.items() for code in codes.split()}
DIGITS |= dict.fromkeys(_TWO_DIGITS.split(), 2)


def digits(currency: str) -> int:
    """The minor-unit digits of an ISO 4217 code: 2 for EUR, 0 for JPY. InvalidInput for an unknown code."""
    if currency not in DIGITS:
        raise InvalidInput(
            f"{currency!r} is not an ISO 4217 currency code. Use three capital letters such as EUR.",
            fields={"currency": "Use a code such as EUR, USD or JPY."},
        )
    return DIGITS[currency]


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` at the currency's digits, half to even: 0.125 EUR is 0.12, 2.5 JPY is 2."""
    return amount.quantize(Decimal(1).scaleb(-digits(currency)), rounding=ROUND_HALF_EVEN)


def formatted(amount: Decimal, currency: str) -> str:
    """`EUR 1,234.50`: the code first, because symbols are ambiguous; a minus sign before the digits."""
    return f"{currency} {rounded(amount, currency):,f}"


def shown(amount: Decimal, currency: str) -> str:
    """`12,345.60`: rounded, grouped, without the currency's name. Minus is the true minus sign."""
    value = rounded(amount, currency)
    text = f"{abs(value):,f}"
    return f"−{text}" if value < 0 else text


def short(amount: Decimal) -> str:
    """For chart labels, where place is short: `1.2m`, `340k`, `95`."""
    size = abs(amount)
    for limit, unit in ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k")):
        if size >= limit:
            scaled = amount / limit
            return f"{scaled:.1f}".removesuffix(".0") + unit if abs(scaled) < 100 else f"{scaled:.0f}{unit}"
    return f"{amount:.0f}" if size >= 10 or amount == amount.to_integral_value() else f"{amount:.1f}"
