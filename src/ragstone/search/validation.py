"""What does not go together in a search: told all at once, before anything is looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ragstone.core.errors import ActionRequestValidationException
from ragstone.dsl.search_body import SearchBody
from ragstone.indices.resolver import IndicesOptions

PARAMETERS = ("request_cache", "routing", "preference", "ccs_minimize_roundtrips")
"""Parameters that mean nothing in one process, and yet are refused in the company of some others."""


def check_search(
    body: SearchBody,
    *,
    expression: str | None,
    options: IndicesOptions | None,
    scroll: bool,
    parameters: Collection[str] = (),
) -> None:
    """`parameters`: those of `PARAMETERS` that were given. Raises ActionRequestValidationException."""
    faults = [*_of_scroll(body, parameters)] if scroll else []
    faults += _of_shard_doc(body, scroll=scroll)
    if body.pit is not None:
        faults += ["using [point in time] is not allowed in a scroll context"] if scroll else []
        misplaced = {
            "indices": expression is not None,
            "indicesOptions": options not in (None, IndicesOptions()),
            **{name: name in parameters for name in ("routing", "preference", "ccs_minimize_roundtrips")},
        }
        faults += [f"[{name}] cannot be used with point in time" for name, given in misplaced.items() if given]
    if faults:
        raise ActionRequestValidationException.of(faults)


def _of_scroll(body: SearchBody, parameters: Collection[str]) -> Iterator[str]:
    if body.track_total_hits is not None and body.track_total_hits is not True:
        yield "disabling [track_total_hits] is not allowed in a scroll context"
    if body.from_:
        yield "using [from] is not allowed in a scroll context"
    if body.size == 0:
        yield "[size] cannot be [0] in a scroll context"
    if "request_cache" in parameters:
        yield "[request_cache] cannot be used in a scroll context"


def _of_shard_doc(body: SearchBody, *, scroll: bool) -> Iterator[str]:
    times = sum(key.field == "_shard_doc" for key in body.sort)
    if times and scroll:
        yield "_shard_doc cannot be used with scroll. Use PIT + search_after instead."
    if times and body.pit is None:
        yield "_shard_doc is only supported with point-in-time (PIT). Add a PIT or remove _shard_doc."
    if times > 1:
        yield "duplicate _shard_doc sort detected. Specify it at most once."


__all__ = ["PARAMETERS", "check_search"]
