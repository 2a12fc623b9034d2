"""regexp: terms that a regular expression describes as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.clause import COMMON, Options, common, field_options, given, to_bool, to_int, to_text
from ragstone.dsl.query import Query, queries

FLAGS = ("INTERSECTION", "COMPLEMENT", "EMPTY", "ANYSTRING", "INTERVAL", "NONE", "ALL")


def _read_flags(value: Any) -> str:
    """Names separated by `|`. Raises IllegalArgumentException."""
    text = java_text(value).upper()
    for name in filter(None, text.split("|")):
        if name not in FLAGS:
            raise IllegalArgumentException(f"No enum constant org.opensearch.index.query.RegexpFlag.{name}")
    return text


_OPTIONS: Options = {
    "value": ("value", to_text),
    "flags": ("flags", _read_flags),
    "flags_value": ("flags_value", to_int),
    "max_determinized_states": ("max_determinized_states", to_int),
    "case_insensitive": ("case_insensitive", to_bool),
    "rewrite": ("rewrite", to_text),
    **COMMON,
}


@queries.register("regexp")
@dataclass(frozen=True, kw_only=True)
class RegexpQuery(Query):
    """Lucene's syntax."""

    wire_name: ClassVar[str] = "regexp"

    field: str
    value: str
    flags: str = "ALL"
    flags_value: int | None = None
    max_determinized_states: int = 10_000
    case_insensitive: bool = False
    rewrite: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        field, arguments = field_options("regexp", body, _OPTIONS)
        return cls(field=field, **arguments)

    def to_json(self) -> JsonObject:
        shown = given(
            {
                "value": self.value,
                "flags": self.flags,
                "flags_value": self.flags_value,
                "case_insensitive": self.case_insensitive or None,
                "max_determinized_states": self.max_determinized_states,
                "rewrite": self.rewrite,
            }
        )
        return {"regexp": {self.field: shown | common(self)}}
