"""What a search may not ask where some documents are hidden from its caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ragstone.core.errors import OpenSearchException
from ragstone.dsl.aggregation import Aggregation
from ragstone.engine.visibility import Views


class NotUnderDocumentSecurity(OpenSearchException):
    """`Differs:` 400, where OpenSearch answers 500."""

    status = 400
    wire_type = "exception"


def check_aggregations(aggregations: Mapping[str, Aggregation], views: Views) -> None:
    """Raises NotUnderDocumentSecurity for buckets without documents: their keys may be those of hidden ones."""
    if not any(view.documents is not None for view in views.values()):
        return
    if any(_wants_empty_terms(aggregation.definition()) for aggregation in aggregations.values()):
        raise NotUnderDocumentSecurity("min_doc_count 0 is not supported when DLS is activated")


def _wants_empty_terms(definition: Any) -> bool:
    """Whether a definition, or one inside it, is of `terms` with a `min_doc_count` of 0."""
    if not isinstance(definition, dict):
        return False
    for kind, options in definition.items():
        if kind.endswith("terms") and isinstance(options, dict) and options.get("min_doc_count") == 0:
            return True
        if _wants_empty_terms(options):
            return True
    return False


__all__ = ["NotUnderDocumentSecurity", "check_aggregations"]
