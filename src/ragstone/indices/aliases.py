"""Alias actions: the body of `POST /_aliases`, and what they come down to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ragstone.core.errors import (
    AliasesNotFoundException,
    IllegalArgumentException,
    IllegalStateException,
    IndexNotFoundException,
    InvalidAliasNameException,
    OpenSearchException,
    XContentParseException,
)
from ragstone.core.names import matches, name_fault
from ragstone.core.xcontent import JsonObject, Place, as_bool, token
from ragstone.dsl.query import parse_query
from ragstone.engine.values import Metadata
from ragstone.indices.resolver import IndicesOptions, resolve

AliasChange = tuple[str, str, JsonObject | None]
"""(index, alias, body); body None removes the alias."""

_BODY = {"filter", "routing", "index_routing", "search_routing", "is_write_index", "is_hidden"}
_ALLOWED = {
    "add": _BODY | {"index", "indices", "alias", "aliases", "must_exist"},
    "remove": {"index", "indices", "alias", "aliases", "must_exist"},
    "remove_index": {"index", "indices", "must_exist"},
}
WRITABLE = IndicesOptions(expand_closed=True, forbid_closed=False, allow_aliases=False)
"""How actions take expressions."""


@dataclass(frozen=True)
class AliasAction:
    kind: Literal["add", "remove", "remove_index"]
    indices: tuple[str, ...]
    aliases: tuple[str, ...]
    body: JsonObject
    must_exist: bool | None = None


def parse_alias_actions(body: Any) -> list[AliasAction]:
    """Raises XContentParseException, IllegalArgumentException (`No action specified`)."""
    if not isinstance(body, dict):
        raise XContentParseException(f"[aliases] Expected START_OBJECT but was: {token(body)}")
    for key in body:
        if key != "actions":
            raise XContentParseException(f"[aliases] unknown field [{key}]", place=Place(body, key))
    given = body.get("actions") or []
    actions = []
    for action in given if isinstance(given, list) else [given]:
        try:
            actions.append(_action(action))
        except OpenSearchException as error:
            place = Place(body, "actions", "end")
            if isinstance(action, dict) and isinstance(error, XContentParseException):
                place = Place(action, next(iter(action)), "value")
            raise XContentParseException(
                "[aliases] failed to parse field [actions]", cause=error, place=place
            ) from None
    if not actions:
        raise IllegalArgumentException("No action specified")
    return actions


def _action(action: Any) -> AliasAction:
    if not isinstance(action, dict) or not action:
        raise IllegalArgumentException("One of [add] or [remove] or [remove_index] is required")
    kind, options = next(iter(action.items()))
    if kind not in _ALLOWED:
        raise XContentParseException(f"[alias_action] unknown field [{kind}]", place=Place(action, kind))
    if not isinstance(options, dict):
        raise XContentParseException(
            f"[alias_action] {kind} doesn't support values of type: {token(options)}",
            place=Place(action, kind, "value"),
        )
    for key in options:
        if key not in _ALLOWED[kind]:
            raise XContentParseException(f"[{kind}] unknown field [{key}]", place=Place(options, key))
    indices = _names(options, "index", "indices")
    aliases = _names(options, "alias", "aliases")
    if not indices:
        raise IllegalArgumentException("One of [index] or [indices] is required")
    if not aliases and kind != "remove_index":
        raise IllegalArgumentException("One of [alias] or [aliases] is required")
    must_exist = options.get("must_exist")
    return AliasAction(
        kind,
        indices,
        aliases,
        alias_body({key: value for key, value in options.items() if key in _BODY}),
        None if must_exist is None else as_bool(must_exist),
    )


def _names(options: JsonObject, one: str, many: str) -> tuple[str, ...]:
    value = options.get(many, options.get(one))
    if value is None:
        return ()
    return tuple(str(name) for name in value) if isinstance(value, list) else tuple(str(value).split(","))


def alias_body(given: Any) -> JsonObject:
    """An alias as it is stored and shown: `routing` becomes both routings. Raises the filter's parse error."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise IllegalArgumentException(f"Expected START_OBJECT but was: {token(given)}")
    body: JsonObject = {}
    if given.get("filter"):
        parse_query(given["filter"])
        body["filter"] = given["filter"]
    for kind in ("index_routing", "search_routing"):
        routing = given.get(kind, given.get("routing"))
        if routing is not None:
            body[kind] = str(routing)
    for flag in ("is_write_index", "is_hidden"):
        if given.get(flag) is not None:
            body[flag] = as_bool(given[flag])
    return body


def plan(metadata: Metadata, actions: Sequence[AliasAction]) -> tuple[list[str], list[AliasChange]]:
    """Indices to remove, and alias changes, of a list of actions. `remove_index` runs first.

    Raises IndexNotFoundException, AliasesNotFoundException, InvalidAliasNameException, IllegalStateException (two
    write indices).
    """
    removed: list[str] = []
    changes: list[AliasChange] = []
    for action in actions:
        if action.kind == "remove_index":
            removed += [found.index.name for found in resolve(metadata, ",".join(action.indices), WRITABLE)]
    for action in actions:
        if action.kind == "remove_index":
            continue
        gone = next((name for name in action.indices if name in removed), None)
        if gone is not None:
            raise IndexNotFoundException(gone, resource_type=None)
        indices = [found.index for found in resolve(metadata, ",".join(action.indices), WRITABLE)]
        if action.kind == "add":
            for alias in action.aliases:
                check_alias_name(metadata, alias)
                changes += [(index.name, alias, action.body) for index in indices]
            continue
        matched = [
            (index.name, alias, None)
            for index in indices
            for alias in index.aliases
            if any(pattern == "_all" or matches(pattern, alias) for pattern in action.aliases)
        ]
        if not matched and action.must_exist is not False:
            listed = ",".join(action.aliases)
            raise AliasesNotFoundException(
                f"aliases [{listed}] missing", metadata={"resource.type": "aliases", "resource.id": listed}
            )
        changes += matched
    _check_write_indices(metadata, removed, changes)
    return removed, changes


def check_alias_name(metadata: Metadata, alias: str) -> None:
    """Raises InvalidAliasNameException."""
    if alias in metadata.indices:
        raise InvalidAliasNameException(
            f"Invalid alias name [{alias}], an index exists with the same name as the alias",
            metadata={"index": alias, "index_uuid": metadata.indices[alias].uuid},
        )
    why = name_fault(alias)
    if why is not None:
        raise InvalidAliasNameException(f"Invalid alias name [{alias}]: {why}")


def _check_write_indices(metadata: Metadata, removed: Sequence[str], changes: Sequence[AliasChange]) -> None:
    after = {name: dict(index.aliases) for name, index in metadata.indices.items() if name not in removed}
    for index, alias, body in changes:
        if index not in after:
            continue
        if body is None:
            after[index].pop(alias, None)
        else:
            after[index][alias] = body
    for alias in {alias for _, alias, body in changes if body is not None}:
        writers = sorted(name for name, aliases in after.items() if aliases.get(alias, {}).get("is_write_index"))
        if len(writers) > 1:
            error = IllegalStateException(f"alias [{alias}] has more than one write index [{','.join(writers)}]")
            error.status = 500  # as OpenSearch answers
            raise error
