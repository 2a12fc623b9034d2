"""`fuzziness`: how many edits a term may be away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import NumberFormatException, ParseException
from ragstone.core.xcontent import java_text


@dataclass(frozen=True)
class Fuzziness:
    """`AUTO`, `AUTO:low,high` or a number, as text.

    With AUTO, terms shorter than `low` must be equal, shorter than `high` may be 1 edit away, others 2.
    """

    text: str
    low: int = 3
    high: int = 6

    AUTO: ClassVar[Fuzziness]

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Raises ParseException for a broken `AUTO:`; any other nonsense shows when it is used."""
        text = java_text(value).upper()
        if not text.startswith("AUTO:"):
            return cls(text)
        bounds = text.removeprefix("AUTO:").split(",")
        if len(bounds) != 2:
            raise ParseException("failed to find low and high distance values")
        try:
            low, high = int(bounds[0]), int(bounds[1])
        except ValueError:
            bad = next(bound for bound in bounds if not bound.lstrip("-").isdigit())
            raise ParseException(
                f'failed to parse [{java_text(value)}] as a "auto:int,int"', cause=NumberFormatException.of(bad)
            ) from None
        if low < 0 or high < 0 or low > high:
            raise ParseException(
                "fuzziness wrongly configured, must be: lowDistance > 0 and lowDistance <= highDistance "
            )
        return cls(text, low, high)

    def distance(self, term: str) -> int:
        """0, 1 or 2. Raises NumberFormatException."""
        if self.text.startswith("AUTO"):
            return 0 if len(term) < self.low else 1 if len(term) < self.high else 2
        try:
            return min(2, int(float(self.text)))
        except (ValueError, OverflowError):
            raise NumberFormatException.of(self.text) from None


Fuzziness.AUTO = Fuzziness("AUTO")
