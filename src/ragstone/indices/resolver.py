"""Index expressions (`a,b*,-b2`, aliases, `_all`) to concrete indices. Pure: works on a `Metadata` snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    parts = [part for part in (expression or "_all").split(",") if part]
    if parts in (["_all"], ["*"]):
        found = dict.fromkeys(_visible(metadata, "*", options), _ITSELF)
    else:
        found = _meant(metadata, parts, options)
    if not found and not options.allow_no_indices:
        raise IndexNotFoundException(expression or "_all")
    return [Resolved(metadata.indices[name], _filter(bodies)) for name, bodies in found.items()]


_Bodies = tuple[JsonObject | None, ...]
"""What the aliases say that led to an index; None where it was found itself."""
_ITSELF: _Bodies = (None,)


def _meant(metadata: Metadata, parts: list[str], options: IndicesOptions) -> dict[str, _Bodies]:
    """Indices by name. A name stays what it is until all parts are read: `-alias` takes back that alias where it was
    named, and no index that was found otherwise."""
    found: dict[str, _Bodies | None] = {}
    wildcard_seen = False
    for part in parts:
        excludes = part.startswith("-") and wildcard_seen and not _exists(metadata, part, options)
        text = part[1:] if excludes else part
        if excludes and text == "_all":
            continue  # recorded OpenSearch behaviour: that takes back nothing
        if text == "_all" or "*" in text:
            # Where nothing is expanded, a name behind a minus is that name.
            wildcard_seen = options.expand_open or options.expand_closed
            hits = _expand(metadata, "*" if text == "_all" else text, options)
            for name, bodies in hits.items():
                if excludes:
                    found.pop(name, None)
                else:
                    found[name] = (*(found.get(name) or (_ITSELF if name in found else ())), *bodies)
        elif not _exists(metadata, text, options):
            _missing(metadata, text, options)
        elif excludes:
            found.pop(text, None)
        else:
            found.setdefault(text, None)
    meant: dict[str, _Bodies] = {}
    for name, ways in found.items():
        for index, way in [(name, ways)] if ways is not None else _named(metadata, name, options):
            meant[index] = (*meant.get(index, ()), *way)
    return meant


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


def _exists(metadata: Metadata, name: str, options: IndicesOptions) -> bool:
    return name in metadata.indices or (options.allow_aliases and is_alias(metadata, name))


def _missing(metadata: Metadata, name: str, options: IndicesOptions) -> None:
    """Raises what a name is told that means nothing, unless that is wanted to be passed over."""
    if not options.allow_aliases and is_alias(metadata, name) and not options.ignore_unavailable:
        raise IllegalArgumentException(
            f"The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
        )
    if name.startswith("_"):
        raise InvalidIndexNameException(name, "must not start with '_'.")
    if not options.ignore_unavailable:
        raise IndexNotFoundException(name)


def _named(metadata: Metadata, name: str, options: IndicesOptions) -> Iterator[tuple[str, _Bodies]]:
    """The index of that name, or those of an alias. Raises IndexClosedException."""
    index = metadata.indices.get(name)
    holders = [(index, None)] if index is not None else [(one, one.aliases[name]) for one in holders_of(metadata, name)]
    for holder, body in holders:
        if holder.open or not options.forbid_closed:
            yield holder.name, (body,)
        elif not options.ignore_unavailable:
            raise closed(holder)


def _expand(metadata: Metadata, pattern: str, options: IndicesOptions) -> dict[str, _Bodies]:
    """The indices that a pattern finds, by their own names or those of aliases. A hidden index may have an alias that
    is not."""
    found: dict[str, _Bodies] = dict.fromkeys(_visible(metadata, pattern, options), _ITSELF)
    if options.allow_aliases:
        for name in sorted(metadata.indices):
            index = metadata.indices[name]
            if _wanted(index, options):
                bodies = tuple(
                    body
                    for alias, body in index.aliases.items()
                    if matches(pattern, alias) and _shows(alias, pattern, bool(body.get("is_hidden")), options)
                )
                if bodies:
                    found[name] = (*found.get(name, ()), *bodies)
    if not found and not options.allow_no_indices:
        raise IndexNotFoundException(pattern)
    return dict(sorted(found.items()))


def _visible(metadata: Metadata, pattern: str, options: IndicesOptions) -> list[str]:
    """The indices whose own names a pattern finds."""
    return [
        name
        for name in sorted(metadata.indices)
        if matches(pattern, name)
        and _wanted(metadata.indices[name], options)
        and _shows(name, pattern, metadata.indices[name].hidden, options)
    ]


def _wanted(index: IndexMetadata, options: IndicesOptions) -> bool:
    return options.expand_open if index.open else options.expand_closed


def _shows(name: str, pattern: str, hidden: bool, options: IndicesOptions) -> bool:
    """Whether a pattern finds a name that it describes. Hidden ones that begin with a dot are found by a pattern that
    does so too."""
    return options.expand_hidden or not hidden or (name.startswith(".") and pattern.startswith("."))


def _filter(bodies: Sequence[JsonObject | None]) -> Query | None:
    """What aliases that led to one index demand together: any way in without a filter opens it wholly."""
    filters = [body["filter"] for body in bodies if body is not None and body.get("filter")]
    if not filters or len(filters) < len(bodies):
        return None
    if len(filters) == 1:
        return parse_query(filters[0])
    return parse_query({"bool": {"should": filters, "minimum_should_match": 1}})
