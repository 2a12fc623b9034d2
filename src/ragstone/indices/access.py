"""What an index expression means, for a caller who must be allowed to do something there.

With security off these are the functions of `indices.resolver`, and one look at a variable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ragstone.core import caller
from ragstone.core.caller import NamedIndex
from ragstone.core.errors import OpenSearchException
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.indices.resolver import IndicesOptions, Resolved, holders_of, resolve, resolve_one
from ragstone.security.system_indices import SECURITY_INDEX, is_system_index

_ALIASES = "indices:admin/aliases"
_KEPT = IndexMetadata(SECURITY_INDEX, "_na_", {}, {}, {}, 0)
"""The security index, whose documents nobody sees."""


def named_security_index(expression: str | None) -> bool:
    """Whether the caller, security being on, has named the index that is never there and is not missed."""
    return expression is not None and caller.subject.get() is not None and SECURITY_INDEX in expression.split(",")


def named(index: IndexMetadata) -> NamedIndex:
    return NamedIndex(index.name, tuple(index.aliases))


def require_on(indices: Iterable[IndexMetadata | str], *actions: str) -> None:
    """The caller must be allowed all actions on every one of the indices; a text names one that is not there (yet).

    `*` is all of them, those to come too. Raises OpenSearchSecurityException.
    """
    who = caller.subject.get()
    if who is not None:
        who.require_on(actions, [NamedIndex(one) if isinstance(one, str) else named(one) for one in indices])


def require_joining(metadata: Metadata, aliases: Iterable[str]) -> None:
    """Whoever gives an alias that is in use to one more index must be allowed that on those that have it; and nobody
    may call an alias as one of the node's own indices, which need not be there yet.

    `Differs:` OpenSearch looks at the new index only: writes to anybody's alias can be drawn into an index of one's
    own, and searches of it be fed. Raises OpenSearchSecurityException.
    """
    if caller.subject.get() is None:
        return
    for alias in aliases:
        require_on([alias] if is_system_index(alias) else holders_of(metadata, alias), _ALIASES)


def permitted(
    metadata: Metadata, expression: str | None, options: IndicesOptions | None, *actions: str
) -> list[Resolved]:
    """As `resolver.resolve`, for a caller who is allowed all actions on everything that the expression means.

    One index that is not allowed forbids the whole request, however it came in; a name that is missing must be allowed
    too before it is told to be missing, so that nobody learns more. Raises OpenSearchSecurityException first, then what
    `resolve` raises.
    """
    who = caller.subject.get()
    if who is None:
        return resolve(metadata, expression, options)
    options = options or IndicesOptions()
    kept = _without_security_index(metadata, expression)
    if kept == "":
        who.require_on(actions, [NamedIndex(SECURITY_INDEX)])
        return []
    found: list[Resolved] = []
    fault: OpenSearchException | None = None
    try:
        found = resolve(metadata, kept, options)
    except OpenSearchException as error:
        fault = error
    asked = [named(one.index) for one in found]
    if fault is not None or options.ignore_unavailable:
        asked = _everything_named(metadata, kept, options)
    if kept != expression:
        asked.append(NamedIndex(SECURITY_INDEX))
    who.require_on(actions, asked)
    if fault is not None:
        raise fault
    return found


def permitted_one(metadata: Metadata, name: str, *actions: str) -> Resolved:
    """As `resolver.resolve_one`, for a caller who is allowed all actions there. Raises as `permitted`."""
    who = caller.subject.get()
    if who is not None:
        index = metadata.indices.get(name)
        meant = [index] if index is not None else holders_of(metadata, name)
        who.require_on(actions, [named(one) for one in meant] or [NamedIndex(name)])
        if name == SECURITY_INDEX and not meant:
            return Resolved(_KEPT)
    return resolve_one(metadata, name)


def _without_security_index(metadata: Metadata, expression: str | None) -> str | None:
    """The expression without the index that is never there and always empty; the empty text when nothing is left."""
    if expression is None or SECURITY_INDEX not in expression or SECURITY_INDEX in metadata.indices:
        return expression
    parts = expression.split(",")
    return ",".join(part for part in parts if part != SECURITY_INDEX)


def _everything_named(metadata: Metadata, expression: str | None, options: IndicesOptions) -> list[NamedIndex]:
    """What an expression names, also what is missing or closed."""
    lenient = replace(options, ignore_unavailable=True, allow_no_indices=True, forbid_closed=False)
    try:
        found = [named(one.index) for one in resolve(metadata, expression, lenient)]
    except OpenSearchException:
        found = []  # no index can be called so
    present = {one.name for one in found}
    for part in (expression or "_all").split(","):
        if part and part != "_all" and "*" not in part and part[0] not in "-_" and part not in present:
            meant = [named(index) for index in holders_of(metadata, part)]
            found += [one for one in meant if one.name not in present] or ([] if meant else [NamedIndex(part)])
    return found
