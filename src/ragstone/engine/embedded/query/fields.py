"""Which fields a query means that names several, by wildcards or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.dsl.field_boosts import FieldBoosts, parse_field_boost
from ragstone.engine.embedded.query.compile import Context

_DEFAULT_FIELD = "index.query.default_field"


@dataclass(frozen=True)
class Fields:
    """Field → factor of its scores. `everything`: the index's own default of all fields was meant."""

    boosts: dict[str, float]
    everything: bool


def resolve(fields: FieldBoosts, context: Context) -> Fields:
    """The fields of a query; the index's default fields when it names none.

    Wildcards pass over what holds no searchable terms. A plain name stays, mapped or not.
    """
    if not fields:
        configured = context.snapshot.metadata.setting(_DEFAULT_FIELD) or "*"
        fields = tuple(map(parse_field_boost, configured.split(",")))
    boosts: dict[str, float] = {}
    for pattern, boost in fields:
        for name in _matching(pattern, context) if "*" in pattern else (pattern,):
            boosts[name] = boosts.get(name, 1.0) * boost
    return Fields(boosts, any(pattern == "*" for pattern, _ in fields))


def _matching(pattern: str, context: Context) -> list[str]:
    names = []
    for name in context.mapper.matching(pattern):
        field = context.field(name)
        if field is not None and field.storage not in ("vector", "none") and field.name == name:
            names.append(name)
    return names
