"""What a field type can be told in a mapping: `index`, `ignore_above`, `analyzer`, ..."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragstone.core.errors import IllegalArgumentException, MapperParsingException, NumberFormatException
from ragstone.core.xcontent import as_bool, java_text, java_type

if TYPE_CHECKING:
    from ragstone.engine.embedded.analysis.registry import Analyzers
    from ragstone.engine.embedded.mapper.settings import IndexSettings


@dataclass(frozen=True)
class MappingContext:
    """What field types look up while a mapping is read: the index's settings and its analyzers."""

    settings: IndexSettings
    analyzers: Analyzers


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Parameter:
    """One mapping parameter.

    `read(value, field, context)` turns JSON into the value a field type works with, or raises what OpenSearch raises.
    `default` may be a function of the context (an index setting decides). A parameter is echoed by GET _mapping when
    its value differs from the default; an `explicit` one whenever it was given. `shown` is its JSON form, `conflict`
    its text in `Cannot update parameter [..] from [..] to [..]`. `may_become(old, new)` allows some updates of a
    parameter that is not `updatable`.
    """

    name: str
    read: Callable[[Any, str, MappingContext], Any]
    default: Any = None
    updatable: bool = False
    explicit: bool = False
    nullable: bool = False
    required: bool = False
    shown: Callable[[Any], Any] = _as_it_is
    conflict: Callable[[Any], str] = java_text
    may_become: Callable[[Any, Any], bool] | None = None

    def allows(self, old: Any, new: Any) -> bool:
        """Whether a mapping update may turn `old` into `new`."""
        if old == new or self.updatable:
            return True
        return self.may_become is not None and self.may_become(old, new)

    def default_in(self, context: MappingContext) -> Any:
        return self.default(context) if callable(self.default) else self.default


def read_bool(value: Any, name: str) -> bool:
    """A JSON boolean or its text. Raises IllegalArgumentException `Could not convert [name] to boolean`."""
    try:
        return as_bool(value)
    except IllegalArgumentException as error:
        raise IllegalArgumentException(f"Could not convert [{name}] to boolean", cause=error) from None


def read_int(value: Any) -> int:
    """A whole number or its text, in 32 bits; fractions are cut, as Java's `intValue` does."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    text = java_text(value)
    try:
        return int(text)
    except ValueError:
        raise NumberFormatException.of(text) from None


def flag(name: str, default: Any = True, *, updatable: bool = False, explicit: bool = False) -> Parameter:
    """A boolean parameter."""
    return Parameter(
        name,
        lambda value, field, context: as_bool(value),
        default,
        updatable=updatable,
        explicit=explicit,
    )


def whole_number(name: str, default: int, *, updatable: bool = False) -> Parameter:
    """An integer parameter."""
    return Parameter(name, lambda value, field, context: read_int(value), default, updatable=updatable)


def choice(name: str, default: str, *choices: str, updatable: bool = False) -> Parameter:
    """One of a few words."""

    def read(value: Any, field: str, context: MappingContext) -> str:
        text = java_text(value)
        if text not in choices:
            raise MapperParsingException(
                f"Unknown value [{text}] for field [{name}] - accepted values are [{', '.join(choices)}]"
            )
        return text

    return Parameter(name, read, default, updatable=updatable)


def any_value(name: str, default: Any = None, *, updatable: bool = False) -> Parameter:
    """A parameter that is kept and echoed as it was given, because the engine makes nothing of it."""
    return Parameter(name, lambda value, field, context: value, default, updatable=updatable, nullable=True)


def boost() -> Parameter:
    return Parameter("boost", lambda value, field, context: float(value), 1.0, updatable=True)


def meta() -> Parameter:
    """`meta`: at most five short texts by short names."""

    def read(value: Any, field: str, context: MappingContext) -> dict[str, str]:
        if not isinstance(value, dict):
            raise MapperParsingException(f"[meta] must be an object, got {java_text(value)} for field [{field}]")
        if len(value) > 5:
            raise MapperParsingException(
                f"[meta] can't have more than 5 entries, but got {len(value)} on field [{field}]"
            )
        for key, text in value.items():
            if len(key) > 20:
                raise MapperParsingException(
                    f"[meta] keys can't be longer than 20 chars, but got [{key}] for field [{field}]"
                )
            if not isinstance(text, str):
                kind = java_type(text).rpartition(".")[2]
                raise MapperParsingException(
                    f"[meta] values can only be strings, but got {kind}[{java_text(text)}] for field [{field}]"
                )
            if len(text) > 50:
                raise MapperParsingException(
                    f"[meta] values can't be longer than 50 chars, but got [{text}] for field [{field}]"
                )
        return dict(sorted(value.items()))

    return Parameter("meta", read, {}, updatable=True)


INDEX = flag("index")
IGNORE_MALFORMED = flag(
    "ignore_malformed",
    lambda context: context.settings.flag("index.mapping.ignore_malformed"),
    updatable=True,
    explicit=True,
)
DOC_VALUES = flag("doc_values")
STORE = flag("store", False)
