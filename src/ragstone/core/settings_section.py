"""Groups of settings: dataclasses of which every field says how its value is read.

A field `tries` of the section `security.logins` is `security_logins_tries`: `RAGSTONE_SECURITY_LOGINS_TRIES` in the
environment, and in ragstone.yml that name, `security.logins.tries`, or the nested form.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from typing import Any, TypeVar

from ragstone.core.errors import IllegalArgumentException

S = TypeVar("S")
Reader = Callable[[str, Any], Any]
"""From a setting's name and its value, as YAML or as text, to the typed value. Raises IllegalArgumentException."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def setting(default: Any, read: Reader, *, secret: bool = False) -> Any:
    """A field of a section. The value of a `secret` one is in no `repr`, and in no error."""
    return field(default=default, repr=not secret, metadata={"read": read})


def section(kind: type[Any]) -> Any:
    """A field that is a section itself."""
    return field(default_factory=kind, metadata={"section": kind})


def names(kind: type[Any], prefix: str) -> Iterator[str]:
    """The full names of a section's settings."""
    for one in fields(kind):
        name = f"{prefix}_{one.name}"
        if "section" in one.metadata:
            yield from names(one.metadata["section"], name)
        else:
            yield name


def flatten(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Nested and dotted keys as full names; a value that is no mapping is a setting's."""
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, inner in value.items():
        yield from flatten(f"{prefix}_{str(key).replace('.', '_')}", inner)


def build(kind: type[S], prefix: str, values: Mapping[str, Any]) -> S:
    """The section from values by full name. Raises IllegalArgumentException."""
    given: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]  # a dataclass, which a type variable cannot say
        name = f"{prefix}_{one.name}"
        if "section" in one.metadata:
            given[one.name] = build(one.metadata["section"], name, values)
        elif name in values:
            given[one.name] = _read(one, name, values[name])
    return kind(**given)


def _read(one: Field[Any], name: str, value: Any) -> Any:
    if value is None and one.default is None and one.default is not MISSING:
        return None
    return one.metadata["read"](name, value)


# ── readers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(name: str, value: Any) -> str:
    return str(value)


def path(name: str, value: Any) -> Path:
    return Path(str(value)).expanduser()


def flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) not in ("true", "false"):
        raise IllegalArgumentException(f"setting [{name}] must be [true] or [false], not [{value}]")
    return str(value) == "true"


def listed(name: str, value: Any) -> tuple[str, ...]:
    """A list, or text with commas."""
    parts = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(part).strip() for part in parts if str(part).strip())


def whole_texts(name: str, value: Any) -> tuple[str, ...]:
    """A list, or one text that may hold commas."""
    parts = value if isinstance(value, list) else [value]
    return tuple(str(part) for part in parts if str(part).strip())


def networks(name: str, value: Any) -> tuple[Network, ...]:
    """Addresses and CIDR blocks."""
    found = []
    for part in listed(name, value):
        try:
            found.append(ipaddress.ip_network(part, strict=False))
        except ValueError:
            raise IllegalArgumentException(
                f"setting [{name}] must hold addresses or CIDR blocks, not [{part}]"
            ) from None
    return tuple(found)


def word(*known: str) -> Reader:
    def read(name: str, value: Any) -> str:
        if value not in known:
            choice = " or ".join(f"[{one}]" for one in known)
            raise IllegalArgumentException(f"setting [{name}] must be {choice}, not [{value}]")
        return str(value)

    return read


def whole(least: int, most: float = math.inf) -> Reader:
    """A whole number, both limits allowed."""
    return lambda name, value: number(name, value, int, least, most)


def number(name: str, value: Any, kind: type[int] | type[float], least: float, most: float) -> int | float:
    try:
        read = kind(value)
    except (TypeError, ValueError):
        read = None
    if read is None or isinstance(value, bool) or not least <= read <= most:
        wanted = "a whole number" if kind is int else "a number"
        limits = f"from {least} to {most}" if most != math.inf else f"of at least {least}"
        raise IllegalArgumentException(f"setting [{name}] must be {wanted} {limits}, not [{value}]")
    return read
