"""Who may send what on to a cluster that asks nobody: rights and views of security here, for requests in its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ragstone.core import caller, json
from ragstone.core.caller import NamedIndex
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, OpenSearchSecurityException
from ragstone.core.names import matches
from ragstone.engine.api import MetadataEngine
from ragstone.engine.values import IndexMetadata, Metadata
from ragstone.gateway.lookups import indices_looked_up
from ragstone.gateway.permissions import Demand, Shows, Step
from ragstone.gateway.restricted import is_possible
from ragstone.gateway.targets import meant
from ragstone.indices.access import named_security_index, permitted, permitted_one, require_joining, require_on
from ragstone.indices.resolver import IndicesOptions, resolve
from ragstone.indices.views import view_of, views_of
from ragstone.search.contexts import POINT_IN_TIME, SCROLL
from ragstone.security.system_indices import SECURITY_INDEX, is_system_index

SEARCH: Final = Demand((Step(True, ("indices:data/read/search",)),), Shows.DOCUMENTS)
TARGETS: Final = ("ignore_unavailable", "allow_no_indices", "expand_wildcards")
"""Parameters that say how names are taken."""
_LONGEST: Final = 3_000
"""Characters of names in a path."""
_RECORDS: Final = ".ragstone-records"
"""The index behind the engine's records, which is in no picture of the indices."""
_PERHAPS_OURS: Final = re.compile(
    # In any body: our names, or ASCII written in ways in which nobody does who has nothing to hide. In those that
    # list indices: patterns for names that begin with a dot, and hidden ones.
    rb'\.plugins-ml-|\.ragstone-|\.opendistro_security|\\(?:u00|x)[2-7]|\x00|[",\s]\.[^",\s]*\*|"expand_wildcards"'
)
_HELD_OPEN: Final = (SCROLL, POINT_IN_TIME)
_CREATE: Final = "indices:admin/create"
_ELSEWHERE: Final = ("<", ":")
"""Names with dates to be worked out, and of other clusters."""


class Guard:
    """Asks `core.caller` about requests that go on to the cluster. `engine` knows what indices there are, or were a
    moment ago; after `forget` it looks again."""

    def __init__(self, engine: MetadataEngine, forget: Callable[[], None]) -> None:
        self._engine = engine
        self._forget = forget

    async def check(self, demand: Demand, query: Mapping[str, str], body: bytes = b"") -> bool:
        """Whether the caller sees what the request shows only in part, so that the cluster must not answer it.

        `query` are the URL's parameters. Raises OpenSearchSecurityException; IllegalArgumentException for a body that
        cannot be looked into.
        """
        if caller.subject.get() is None:
            return False
        expression, options = expression_of(demand, query), options_of(demand, query)
        tree = _tree(body) if body and not demand.items else None
        indices: list[IndexMetadata] | None = None
        for step in demand.steps:
            if demand.everywhere:
                require_on(["*"], *step.actions)
            elif step.on_indices:
                actions, metadata = step.actions, await self._picture(expression)
                aliases = tree.get("aliases") if isinstance(tree, dict) and _CREATE in actions else None
                if aliases:
                    actions = (*actions, "indices:admin/aliases")
                indices = _permitted(metadata, expression, options, actions)
            else:
                caller.require(*step.actions)
        if isinstance(tree, dict):
            await self._check_template(tree)
        await self._check_lookups(tree)
        if demand.shows is Shows.NOTHING or indices is None:
            return False
        if reaches_records(expression, options) or named_security_index(expression):
            return True
        if any(_sees_partly(part) for part in (expression or "").split(",")):
            return True
        views = views_of(indices).values()
        return any(view.fields is not None for view in views) if demand.shows is Shows.FIELDS else bool(views)

    async def search(self, expression: str | None, query: Mapping[str, str], tree: Any) -> bool:
        """As `check`, of one of several searches whose body is decoded."""
        if caller.subject.get() is None:
            return False
        partly = await self.check(SEARCH, {**query, **({} if expression is None else {"index": expression})})
        await self._check_lookups(tree)
        return partly

    async def _picture(self, expression: str | None) -> Metadata:
        """What indices there are; as of now where an expression may mean others than a moment ago.

        The cluster works it out once more: an index that is made after this look is not asked about.
        """
        metadata = await self._engine.metadata()
        if _may_do_everything() or all(part in metadata.indices for part in (expression or "_all").split(",")):
            return metadata
        self._forget()
        return await self._engine.metadata()

    async def can_be_kept(self, expression: str | None, query: Mapping[str, str], tree: Any) -> bool:
        """Whether the cluster may answer a search of which documents are hidden, kept to those that are not."""
        if named_security_index(expression) or not is_possible(tree, query):
            return False
        try:
            found = resolve(await self._engine.metadata(), expression, options_of(SEARCH, query))
        except OpenSearchException:
            return False
        views = views_of(one.index for one in found)
        names = ",".join(one.index.name for one in found)
        return (
            0 < len(names) <= _LONGEST
            and views.keys() <= {one.index.name for one in found}
            and not any(is_system_index(one.index.name) for one in found)
            and all(view.documents is not None for view in views.values())
            and not any(view.fields is not None or view.masks is not None for view in views.values())
        )

    async def _check_template(self, tree: Mapping[str, Any]) -> None:
        """Aliases that indices are to get are asked about as if they got them now."""
        template = tree.get("template")
        for part in (tree, template):
            aliases = part.get("aliases") if isinstance(part, Mapping) else None
            if isinstance(aliases, Mapping):
                require_joining(await self._engine.metadata(), aliases)

    async def _check_lookups(self, tree: Any) -> None:
        """Documents that a query takes its values from must be all the caller's to read."""
        names = set(indices_looked_up(tree))
        if not names:
            return
        metadata = await self._engine.metadata()
        for name in sorted(names):
            _check_name(name)
            kept = name == SECURITY_INDEX or name.startswith(_RECORDS)
            try:
                index = permitted_one(metadata, name, "indices:data/read/get").index
            except OpenSearchSecurityException:
                raise
            except OpenSearchException:
                if not kept:  # which is in no picture of the indices
                    continue  # the cluster says what is wrong with it
            if kept or view_of(index) is not None:
                raise OpenSearchSecurityException(f"documents of [{name}] cannot be looked up by who sees it in part")


def expression_of(demand: Demand, query: Mapping[str, str]) -> str | None:
    """The indices that a request is about; what its path does not say, a parameter may."""
    return demand.parameters.get("index", query.get("index")) or None


def options_of(demand: Demand, query: Mapping[str, str]) -> IndicesOptions:
    options = IndicesOptions(
        ignore_unavailable=_is_set(query, "ignore_unavailable"), expand_closed=demand.also_closed, forbid_closed=False
    )
    try:
        return options.with_expansion(query.get("expand_wildcards"))
    except IllegalArgumentException:  # the cluster refuses it, whatever else is asked
        return options.with_expansion("all")


def may_reach_ours(demand: Demand, query: Mapping[str, str]) -> bool:
    """Whether a request could be about an index that keeps the node's own data, as far as its first line says."""
    expression = expression_of(demand, query)
    return "expand_wildcards" in query or any(
        part.lstrip("-").startswith(".") for part in (expression or "").split(",")
    )


def may_list_ours(request: bytes) -> bool:
    """The same of a body, or a whole request, that lists indices, or what is held open of them."""
    return _PERHAPS_OURS.search(request) is not None or any(kind.prefix.encode() in request for kind in _HELD_OPEN)


def reaches_records(expression: str | None, options: IndicesOptions) -> bool:
    """Whether an expression means the index of the engine's records, for certain or perhaps."""
    for part in (expression or "_all").split(","):
        if part == "_all" or "*" in part:
            pattern = "*" if part == "_all" else part
            if matches(pattern, _RECORDS) and (options.expand_hidden or pattern.startswith(".")):
                return True
        elif part.startswith(_RECORDS):
            return True
    return False


def _permitted(
    metadata: Metadata, expression: str | None, options: IndicesOptions, actions: Iterable[str]
) -> list[IndexMetadata]:
    """The indices that an expression means, the caller being allowed the actions there. What else is wrong with it is
    the cluster's to say."""
    for part in (expression or "").split(","):
        _check_name(part)
    wanted = tuple(actions)
    if reaches_records(expression, options):
        require_on([_RECORDS], *wanted)
    try:
        return [one.index for one in permitted(metadata, expression, options, *wanted)]
    except OpenSearchSecurityException:
        raise
    except OpenSearchException:
        return meant(metadata, expression)


def _check_name(part: str) -> None:
    """Raises OpenSearchSecurityException for a name that only the cluster can make something of, unless the caller
    may do everything."""
    if any(mark in part for mark in _ELSEWHERE) and caller.subject.get() is not None and not _may_do_everything():
        raise OpenSearchSecurityException(f"what [{part}] means is not known here, so nobody can be allowed it")


def _sees_partly(name: str) -> bool:
    """Whether the caller would see an index of that name in part: it may be there and not yet known."""
    who = caller.subject.get()
    return bool(name) and "*" not in name and who is not None and who.view(NamedIndex(name)) is not None


def _tree(body: bytes) -> Any:
    """What a body says, to be looked through for documents it refers to. Raises IllegalArgumentException."""
    try:
        return json.decode(body)
    except OpenSearchException:
        if _may_do_everything():
            return None
        raise IllegalArgumentException(
            "the body is no JSON, so what it asks for cannot be checked: only who may do everything may send it"
        ) from None


def _may_do_everything() -> bool:
    return bool(getattr(caller.subject.get(), "is_unrestricted", False))


def _is_set(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "false") in ("", "true")


__all__ = [
    "SEARCH",
    "TARGETS",
    "Guard",
    "expression_of",
    "may_list_ours",
    "may_reach_ours",
    "options_of",
    "reaches_records",
]
