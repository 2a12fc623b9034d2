"""What does not go together in a search: told all at once, before anything is looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ragstone.core.errors import ActionRequestValidationException, IllegalArgumentException, SearchException
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.slices import Slice
from ragstone.engine.values import IndexMetadata
from ragstone.indices.resolver import IndicesOptions
from ragstone.search.hybrid import all_shards_failed

_MAX_SLICES = 1024

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


def check_slice(part: Slice | None, indices: Iterable[IndexMetadata], *, scroll: bool, held: bool, node: str) -> None:
    """Raises SearchException, SearchPhaseExecutionException. `held`: with a scroll or a point in time."""
    if part is None:
        return
    if not held:
        # Differs: 400, where OpenSearch lets every shard fail with 500.
        raise SearchException("`slice` cannot be used outside of a scroll context or PIT context")
    key = f"index.max_slices_per_{'scroll' if scroll else 'pit'}"
    narrow = [index for index in indices if part.max > int(index.setting(key) or _MAX_SLICES)]
    if narrow:
        raise all_shards_failed(
            narrow,
            node,
            lambda index: IllegalArgumentException(
                f"The number of slices [{part.max}] is too large. It must be less than "
                f"[{index.setting(key) or _MAX_SLICES}]. This limit can be set by changing the [{key}] index level "
                "setting."
            ),
        )


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


__all__ = ["PARAMETERS", "check_search", "check_slice"]
