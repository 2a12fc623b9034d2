"""Snapshots as somebody sees them: everything that searches do with one stays inside what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import tantivy

from ragstone.core.errors import OpenSearchException
from ragstone.engine.embedded.mapper.visible import VisibleMapper
from ragstone.engine.embedded.query.compile import any_of, compile_query, none
from ragstone.engine.embedded.snapshot import Seen, Snapshot
from ragstone.engine.embedded.text.visible import VisibleText
from ragstone.engine.embedded.vectors.visible import VisibleVectors
from ragstone.engine.visibility import Views, Visibility

_REMEMBERED = 16
"""Views that a snapshot keeps the parts of: where vectors are searched 8 bytes for each visible document."""


def through(snapshots: Sequence[Snapshot], views: Views, now_millis: int) -> tuple[Snapshot, ...]:
    """The snapshots with what the views show of them. Blocking."""
    if not views:
        return tuple(snapshots)
    return tuple(
        snapshot if view is None else _seen(snapshot, view, now_millis)
        for snapshot in snapshots
        for view in (views.get(snapshot.metadata.name),)
    )


def _seen(snapshot: Snapshot, view: Visibility, now_millis: int) -> Snapshot:
    parts = snapshot.seen.get(view)
    if parts is None:
        parts = _parts(snapshot, view, now_millis)
        if not _depends_on_time(view):
            if len(snapshot.seen) >= _REMEMBERED:
                snapshot.seen.clear()
            snapshot.seen[view] = parts
    return replace(
        snapshot,
        mapper=parts.mapper,
        text=parts.text,
        vectors=parts.vectors,
        view=view,
        whole=snapshot,
    )


def _parts(snapshot: Snapshot, view: Visibility, now_millis: int) -> Seen:
    mapper = VisibleMapper(snapshot.mapper, view)
    hidden = {field.column for name, field in mapper.concealed.items() if name not in mapper.masked}
    text = VisibleText(snapshot.text, _documents(snapshot, view, now_millis), hidden)
    vectors = {name: found for name, found in snapshot.vectors.items() if name not in mapper.concealed}
    if view.documents is not None:
        vectors = {name: VisibleVectors(found, lambda: text.visible) for name, found in vectors.items()}
    return Seen(mapper, text, vectors)


def _documents(snapshot: Snapshot, view: Visibility, now_millis: int) -> tantivy.Query | None:
    """The visible ones; None are all. A query that fails shows nothing, and its error says too much to be told."""
    if view.documents is None:
        return None
    found = []
    for query in view.documents:
        try:
            found.append(compile_query(query, snapshot, now_millis, scoring=False))
        except OpenSearchException:
            continue
    return any_of(found) if found else none()


def _depends_on_time(view: Visibility) -> bool:
    return "now" in repr(view.documents)


__all__ = ["through"]
