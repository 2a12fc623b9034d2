"""Numbers with what they count: read from text, compared, and written as the text wrote them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ragstone.rag.reading.lexicon import NOT_UNITS

_MAGNITUDES = {
    "k": 3,
    "thousand": 3,
    "m": 6,
    "mn": 6,
    "mln": 6,
    "million": 6,
    "millions": 6,
    "b": 9,
    "bn": 9,
    "billion": 9,
    "billions": 9,
    "tn": 12,
    "trillion": 12,
}
_NUMBER = (
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}(?:[ ]\d{3})+(?![\d,.]*\d)|\d+(?:\.\d+)?"
)
_SYMBOL = (
    "km|cm|mm|m|ft|mi|kg|g|mg|t|l|ml|ha|GWh|MWh|kWh|TWh|GW|MW|kW|W|GHz|MHz|Hz|GB|TB|MB|mph|"
    "USD|EUR|GBP|dollars?|euros?|pounds?|yen"
)
_QUANTITY = re.compile(
    rf"""(?<![\w.,/-])(?P<sign>[-−–](?=[\d$€£¥]))?
    (?P<currency>(?:US|A|C|NZ|HK)?\$|[€£¥₹]|(?:USD|EUR|GBP|CHF|JPY|CNY|INR)\ ?)?\ ?
    (?P<number>{_NUMBER})(?!\d|-\d)
    (?:(?:\ |-)?(?P<magnitude>thousand|millions?|billions?|trillion)\b
      |(?:\ ?(?P<short>bn|mn|mln|tn)|(?P<letter>(?(currency)[kKmMbB]|[kKMB])))(?![\w²³]))?
    (?:(?P<percent>\ ?(?:%|percent\b|per\ cent\b|percentage\ points?\b))
      |\ ?(?P<unit>(?:°\ ?[CF]|[€£]|(?:{_SYMBOL})(?:[²³]|/[a-z]+)?(?!\w)))
      |(?:\ |-)(?P<word>[a-z]+(?:\ (?:kilomet|met)(?:er|re)s?)?))?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Quantity:
    """`value` in full (18.8 million is 18800000); the rest says how the text wrote it."""

    value: Decimal
    text: str
    """As it stands in the text, without a unit that is a word of its own."""
    currency: str = ""
    percent: bool = False
    unit: str = ""
    magnitude: str = ""
    decimals: int = 0
    """Digits after the point, as written."""

    @property
    def kind(self) -> str:
        """What may be compared: amounts of one currency, percentages, or counts."""
        if self.currency:
            return f"money {self.currency}"
        return "percent" if self.percent else "count"


@dataclass(frozen=True)
class Found:
    """A quantity at its place in a text."""

    quantity: Quantity
    start: int
    end: int


def find_quantities(text: str) -> list[Found]:
    """Every number with what belongs to it. Years are numbers too; telling them apart is up to the caller."""
    found = []
    for match in _QUANTITY.finditer(text):
        quantity = _quantity(match)
        end = match.start("word") if match["word"] else match.end()
        found.append(Found(quantity, match.start(), len(text[:end].rstrip())))
    return found


def _quantity(match: re.Match[str]) -> Quantity:
    number = match["number"]
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?", number):
        number = number.replace(".", "").replace(",", ".")
    number = number.replace(",", "").replace(" ", "")
    magnitude = match["magnitude"] or match["short"] or match["letter"] or ""
    value = Decimal(number).scaleb(_MAGNITUDES.get(magnitude.lower(), 0))
    unit, word = match["unit"] or "", match["word"] or ""
    currency = (match["currency"] or "").strip()
    if unit in ("€", "£", "USD", "EUR", "GBP") or unit.rstrip("s") in ("dollar", "euro", "pound", "yen"):
        currency, unit = currency or unit, ""
    if not unit and word.split(" ")[0] not in NOT_UNITS:
        unit = word
    end = match.end() if not match["word"] else match.start("word")
    return Quantity(
        value=-value if match["sign"] else value,
        text=match[0][: end - match.start()].strip(),
        currency=currency,
        percent=match["percent"] is not None,
        unit=unit,
        magnitude=magnitude,
        decimals=len(number.partition(".")[2]),
    )


def comparable(one: Quantity, other: Quantity) -> bool:
    return one.kind == other.kind


def difference(smaller: Quantity, larger: Quantity) -> str:
    """The distance between two quantities, never negative, in the way that they are written."""
    distance = abs(larger.value - smaller.value)
    like = min((smaller, larger), key=lambda q: _MAGNITUDES.get(q.magnitude.lower(), 0))
    exponent = _MAGNITUDES.get(like.magnitude.lower(), 0)
    decimals = max(q.decimals + exponent - _MAGNITUDES.get(q.magnitude.lower(), 0) for q in (smaller, larger))
    shown = distance.scaleb(-exponent)
    digits = f"{shown:,.{max(0, decimals)}f}"
    if all(re.search(r"\d{4}", quantity.text) for quantity in (smaller, larger)):
        digits = digits.replace(",", "")  # as they are written, without marks between thousands
    if "." in digits and decimals > max(smaller.decimals, larger.decimals):
        digits = digits.rstrip("0").rstrip(".")
    unit = like.unit if smaller.unit == larger.unit else ""
    return f"{_written(digits, like)} {unit}".rstrip()


def _written(digits: str, like: Quantity) -> str:
    if like.percent:
        return f"{digits} percentage points"
    magnitude = like.magnitude
    if magnitude:
        digits += magnitude if len(magnitude) == 1 else f" {magnitude}"
    if like.currency:
        behind = not like.text.startswith(like.currency)
        spelled = like.currency[0].isalpha() and not like.currency.endswith("$")
        blank = " " if spelled else ""
        return f"{digits}{blank}{like.currency}" if behind else f"{like.currency}{blank}{digits}"
    return digits


def per_cent(start: Decimal, end: Decimal) -> str | None:
    """The change from `start` to `end` with two digits after the point, `-0.51%`; None when `start` is zero."""
    if start == 0:
        return None
    share = (end - start) / abs(start) * 100
    return f"{share.quantize(Decimal('0.01'), ROUND_HALF_UP):,}%"
