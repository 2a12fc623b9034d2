"""Index expressions (`a,b*,-b2`, aliases, `_all`) to concrete indices. Pure: works on a `Metadata` snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexClosedException,
    IndexNotFoundException,
    InvalidIndexNameException,
)
from ragstone.core.names import matches
from ragstone.dsl.query import Query, parse_query
from ragstone.engine.values import IndexMetadata, JsonObject, Metadata
from ragstone.indices.blocks import check_blocks


@dataclass(frozen=True)
class IndicesOptions:
    """How missing names and wildcards are taken; defaults are those of search."""

    ignore_unavailable: bool = False
    allow_no_indices: bool = True
    expand_open: bool = True
    expand_closed: bool = False
    expand_hidden: bool = False
    forbid_closed: bool = True
    """An index that is named (not found by a wildcard) and closed is an error."""
    allow_aliases: bool = True

    def with_expansion(self, wildcards: str | None) -> IndicesOptions:
        """These options with `expand_wildcards=open,closed,hidden,none,all` applied; None changes nothing."""
        if wildcards is None:
            return self
        words = {word for word in wildcards.split(",") if word}
        unknown = words - {"open", "closed", "hidden", "none", "all"}
        if unknown:
            raise IllegalArgumentException(f"No valid expand wildcard value [{sorted(unknown)[0]}]")
        everything = "all" in words
        return IndicesOptions(
            ignore_unavailable=self.ignore_unavailable,
            allow_no_indices=self.allow_no_indices,
            expand_open=everything or "open" in words,
            expand_closed=everything or "closed" in words,
            expand_hidden=everything or "hidden" in words,
            forbid_closed=self.forbid_closed,
            allow_aliases=self.allow_aliases,
        )


@dataclass(frozen=True)
class Resolved:
    """One concrete index of an expression. `filter` is what its alias demands, when only aliases with one led here."""

    index: IndexMetadata
    filter: Query | None = None


def resolve(metadata: Metadata, expression: str | None, options: IndicesOptions | None = None) -> list[Resolved]:
    """The indices that `expression` means, each once: names in the order given, wildcards' finds by name.

    None, the empty text, `_all` and `*` mean all indices that the options expand to.
    Raises IndexNotFoundException, IndexClosedException, InvalidIndexNameException, IllegalArgumentException.
    """
    options = options or IndicesOptions()
    found: dict[str, list[JsonObject | None]] = {}
    parts = [part for part in (expression or "_all").split(",") if part]
    wildcard_seen = False
    for part in parts:
        if part.startswith("-") and wildcard_seen:
            for name in _excluded(metadata, part[1:], found):
                del found[name]
        elif part == "_all" or "*" in part:
            wildcard_seen = True
            _expand(metadata, "*" if part == "_all" else part, options, found)
        else:
            _name(metadata, part, options, found)
    if not found and not options.allow_no_indices:
        raise IndexNotFoundException(expression or "_all")
    return [Resolved(metadata.indices[name], _filter(bodies)) for name, bodies in found.items()]


def resolve_one(metadata: Metadata, name: str) -> Resolved:
    """The one index that a read of a single document means. Lists and wildcards are no names.

    Raises IndexNotFoundException with resource type `index_expression`, IllegalArgumentException for an alias of
    several indices, IndexClosedException, ClusterBlockException.
    """
    if name in metadata.indices:
        index = metadata.indices[name]
        if not index.open:
            raise closed(index)
        check_blocks([index], "read")
        return Resolved(index)
    holders = holders_of(metadata, name)
    if not holders:
        raise IndexNotFoundException(name, resource_type="index_expression")
    if len(holders) > 1:
        listed = ", ".join(sorted(index.name for index in holders))
        raise IllegalArgumentException(
            f"alias [{name}] has more than one index associated with it [{listed}], can't execute a single index op"
        )
    check_blocks(holders, "read")
    return Resolved(holders[0], _filter([holders[0].aliases[name]]))


def write_index(metadata: Metadata, name: str) -> IndexMetadata | None:
    """Where a write to `name` goes: the index itself, or an alias's only or write index; None when nothing is there.

    Raises IllegalArgumentException when an alias has several indices and none to write to, IndexClosedException,
    ClusterBlockException.
    """
    index = metadata.indices.get(name)
    if index is None:
        holders = holders_of(metadata, name)
        if not holders:
            return None
        writers = [holder for holder in holders if holder.aliases[name].get("is_write_index")]
        if not writers and len(holders) == 1 and holders[0].aliases[name].get("is_write_index") is not False:
            writers = holders
        if len(writers) != 1:
            raise IllegalArgumentException(
                f"no write index is defined for alias [{name}]. The write index may be explicitly disabled using "
                "is_write_index=false or the alias points to multiple indices without one being designated as a "
                "write index"
            )
        index = writers[0]
    if not index.open:
        raise closed(index)
    check_blocks([index], "write")
    return index


def is_alias(metadata: Metadata, name: str) -> bool:
    return any(name in index.aliases for index in metadata.indices.values())


def closed(index: IndexMetadata) -> IndexClosedException:
    return IndexClosedException("closed", metadata={"index": index.name, "index_uuid": index.uuid})


def holders_of(metadata: Metadata, alias: str) -> list[IndexMetadata]:
    """The indices that have an alias."""
    return [index for index in metadata.indices.values() if alias in index.aliases]


def _name(metadata: Metadata, name: str, options: IndicesOptions, found: dict[str, list[JsonObject | None]]) -> None:
    index = metadata.indices.get(name)
    if index is not None:
        holders: list[tuple[IndexMetadata, JsonObject | None]] = [(index, None)]
    elif options.allow_aliases:
        holders = [(holder, holder.aliases[name]) for holder in holders_of(metadata, name)]
    else:
        holders = []
        if is_alias(metadata, name) and not options.ignore_unavailable:
            raise IllegalArgumentException(
                f"The provided expression [{name}] matches an alias, specify the corresponding concrete indices "
                "instead."
            )
    if not holders:
        if name.startswith("_"):
            raise InvalidIndexNameException(name, "must not start with '_'.")
        if options.ignore_unavailable:
            return
        raise IndexNotFoundException(name)
    for holder, body in holders:
        if not holder.open and options.forbid_closed:
            if options.ignore_unavailable:
                continue
            raise closed(holder)
        found.setdefault(holder.name, []).append(body)


def _expand(
    metadata: Metadata, pattern: str, options: IndicesOptions, found: dict[str, list[JsonObject | None]]
) -> None:
    matched = False
    for name in sorted(metadata.indices):
        index = metadata.indices[name]
        wanted = options.expand_open if index.open else options.expand_closed
        # A hidden index whose name begins with a dot is found by a pattern that does so too.
        visible = options.expand_hidden or not index.hidden or (name.startswith(".") and pattern.startswith("."))
        if not wanted or not visible:
            continue
        if matches(pattern, name):
            found.setdefault(name, []).append(None)
            matched = True
        elif options.allow_aliases:
            for alias, body in index.aliases.items():
                if matches(pattern, alias) and not body.get("is_hidden"):
                    found.setdefault(name, []).append(body)
                    matched = True
    if not matched and not options.allow_no_indices:
        raise IndexNotFoundException(pattern)


def _excluded(metadata: Metadata, pattern: str, found: Iterable[str]) -> list[str]:
    return [
        name
        for name in found
        if matches(pattern, name) or any(matches(pattern, alias) for alias in metadata.indices[name].aliases)
    ]


def _filter(bodies: list[JsonObject | None]) -> Query | None:
    """What aliases that led to one index demand together: any way in without a filter opens it wholly."""
    filters = [body["filter"] for body in bodies if body is not None and body.get("filter")]
    if not filters or len(filters) < len(bodies):
        return None
    if len(filters) == 1:
        return parse_query(filters[0])
    return parse_query({"bool": {"should": filters, "minimum_should_match": 1}})
