"""Amounts as people read them. An amount always has a currency; two currencies are never added."""

from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 minor units; every currency that is not named here has two.
_ODD_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# ISO 4217 minor units; every currency that is not named here has two.
DIGITS = {code: digits for digits, codes in _ODD_DIGITS.items() for code in codes.split()}


def digits(currency: str) -> int:
    """Places behind the point of this ISO 4217 currency."""
    return DIGITS.get(currency.upper(), 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` to the currency's digits, half to even."""
    return amount.quantize(Decimal(1).scaleb(-digits(currency)), rounding=ROUND_HALF_EVEN)


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
