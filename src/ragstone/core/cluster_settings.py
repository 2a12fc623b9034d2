"""Settings that may change while the server runs: declared once, stored as texts, read as their own type.

    MAX_MODELS = cluster_setting("plugins.ml_commons.max_model_on_node", 10, integer(0, 10_000))
    ...
    settings.get(MAX_MODELS)

Declarations live next to the code that obeys them. `declared` lists them all; the reference page is made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.names import matches
from ragstone.core.units import parse_bool

T = TypeVar("T")

SettingValue = str | list[str]
"""How a value is stored and returned: scalars as texts, lists as lists of texts."""


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One dynamic cluster setting.

    `parse` turns the stored form into T and raises IllegalArgumentException for what does not fit; `dynamic=False`
    marks one that can be read but not changed over the API; `effect=""` is a setting that is accepted, kept and
    returned without influence on one process.
    """

    key: str
    default: T
    parse: Callable[[str, SettingValue], T]
    dynamic: bool = True
    effect: str = ""


declared: dict[str, Setting[Any]] = {}


def cluster_setting(
    key: str, default: T, parse: Callable[[str, SettingValue], T], *, dynamic: bool = True, effect: str = ""
) -> Setting[T]:
    """Declare a setting. Raises ValueError when the key is taken."""
    if key in declared:
        raise ValueError(f"cluster setting [{key}] is declared twice")
    setting = Setting(key, default, parse, dynamic, effect)
    declared[key] = setting
    return setting


def find(key: str) -> Setting[Any] | None:
    """The declaration of `key`; one declared as `a.b.*` answers for every key below it."""
    if key in declared:
        return declared[key]
    return next((s for k, s in declared.items() if k.endswith("*") and matches(k, key)), None)


class ClusterSettings(Protocol):
    """The typed read view services hold: transient beats persistent beats node configuration beats default."""

    def get(self, setting: Setting[T]) -> T: ...


@dataclass(frozen=True)
class StaticClusterSettings:
    """A read view over fixed values: for tests and tools."""

    values: Mapping[str, SettingValue]

    def get(self, setting: Setting[T]) -> T:
        if setting.key in self.values:
            return setting.parse(setting.key, self.values[setting.key])
        return setting.default


# ── parsers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _scalar(key: str, value: SettingValue) -> str:
    if isinstance(value, list):
        raise IllegalArgumentException(f"Failed to parse value [{', '.join(value)}] for setting [{key}]")
    return value


def boolean(key: str, value: SettingValue) -> bool:
    return parse_bool(_scalar(key, value))


def text(key: str, value: SettingValue) -> str:
    return _scalar(key, value)


def text_list(key: str, value: SettingValue) -> list[str]:
    """A single text counts as a list; commas separate."""
    if isinstance(value, list):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _no_number(key: str, raw: str) -> IllegalArgumentException:
    return IllegalArgumentException(
        f"Failed to parse value [{raw}] for setting [{key}]", cause=NumberFormatException.of(raw)
    )


def integer(low: int, high: int) -> Callable[[str, SettingValue], int]:
    def parse(key: str, value: SettingValue) -> int:
        raw = _scalar(key, value)
        try:
            number = int(raw)
        except ValueError:
            raise _no_number(key, raw) from None
        if number < low:
            raise IllegalArgumentException(f"Failed to parse value [{raw}] for setting [{key}] must be >= {low}")
        if number > high:
            raise IllegalArgumentException(f"Failed to parse value [{raw}] for setting [{key}] must be <= {high}")
        return number

    return parse


def number(low: float, high: float) -> Callable[[str, SettingValue], float]:
    def parse(key: str, value: SettingValue) -> float:
        raw = _scalar(key, value)
        try:
            result = float(raw)
        except ValueError:
            raise _no_number(key, raw) from None
        if not low <= result <= high:
            bound = f">= {low}" if result < low else f"<= {high}"
            raise IllegalArgumentException(f"Failed to parse value [{raw}] for setting [{key}] must be {bound}")
        return result

    return parse


def one_of(*words: str) -> Callable[[str, SettingValue], str]:
    def parse(key: str, value: SettingValue) -> str:
        raw = _scalar(key, value)
        if raw not in words:
            raise IllegalArgumentException(f"Failed to parse value [{raw}] for setting [{key}]")
        return raw

    return parse


def as_setting_value(value: Any) -> SettingValue:
    """JSON scalars and lists as they are stored: `true` → "true", 1.0 → "1.0", [1] → ["1"]."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(as_setting_value(item)) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
