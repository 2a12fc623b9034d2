"""The text index as somebody sees it who may not see all documents and fields."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, cast

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragstone.engine.embedded.text.reader import TextReader
from ragstone.engine.embedded.text.schema import ROW


class VisibleText(TextReader):
    """What is asked of it is asked of the visible documents only, whichever way; hidden fields have no place in it.

    Scores are made of the numbers of the whole index, so they are the same for everybody. `only` describes the visible
    documents; None are all.
    """

    remembers = 8
    """There is one for each view, and there may be many."""

    def __init__(self, whole: TextReader, only: tantivy.Query | None, hidden: Collection[str]) -> None:
        searcher = whole._searcher
        if only is not None:
            searcher = cast(tantivy.Searcher, _NarrowedSearcher(searcher, only))
        # Made anew: what a reader remembers of a query is what it finds, and hidden fields find something else.
        super().__init__(
            whole._index, {path: slot for path, slot in whole.slots.items() if path not in hidden}, searcher
        )
        self.statistics = whole.statistics
        self._whole = whole
        self._only = only

    @cached_property
    def visible(self) -> NDArray[np.int64]:
        """The rows of the visible documents, ascending."""
        found = np.empty(0, np.int64)
        if self._whole.documents:
            among = self.everything() if self._only is None else self._only
            hits, _ = self.ordered(among, self._whole.documents, ROW, count=False)
            found = np.fromiter((row for row, _ in hits), np.int64, len(hits))
        found.setflags(write=False)
        return found

    @property
    def documents(self) -> int:
        return self._whole.documents if self._only is None else self._count

    @cached_property
    def _count(self) -> int:
        return self.count(self.everything())

    def total_terms(self, column: str, term: str | None) -> float | None:
        return self._whole.total_terms(column, term)


class _NarrowedSearcher:
    """A searcher whose every search and aggregation stays among some documents."""

    def __init__(self, whole: tantivy.Searcher, only: tantivy.Query) -> None:
        self._whole = whole
        self._only = tantivy.Query.const_score_query(only, 0.0)

    def search(self, query: tantivy.Query, *args: Any, **kwargs: Any) -> tantivy.SearchResult:
        return self._whole.search(self._narrowed(query), *args, **kwargs)

    def aggregate(self, query: tantivy.Query, *args: Any, **kwargs: Any) -> Any:
        return self._whole.aggregate(self._narrowed(query), *args, **kwargs)

    def _narrowed(self, query: tantivy.Query) -> tantivy.Query:
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, self._only)])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


__all__ = ["VisibleText"]
