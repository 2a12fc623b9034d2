"""Aggregations under document-level security."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.caller import IndexView
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.aggs.terms import TermsAggregation
from ragstone.engine.visibility import visibility
from ragstone.search.restricted import NotUnderDocumentSecurity, check_aggregations

SOME = {"a": visibility(IndexView(documents=('{"match_all": {}}',)))}
FIELDS = {"a": visibility(IndexView(fields=("x",)))}


class Around(Aggregation):
    """One with another inside."""

    wire_name = "around"

    def to_json(self) -> Any:
        inner = TermsAggregation(field="f", min_doc_count=0).to_json()
        return {"filter": {"match_all": {}}, "aggs": {"terms": inner}}


@pytest.mark.parametrize("aggregation", [TermsAggregation(field="f", min_doc_count=0), Around()])
def test_terms_without_documents_are_refused_where_documents_are_hidden(aggregation: Aggregation) -> None:
    with pytest.raises(NotUnderDocumentSecurity) as refused:
        check_aggregations({"t": aggregation}, SOME)
    assert (refused.value.status, refused.value.reason) == (
        400,
        "min_doc_count 0 is not supported when DLS is activated",
    )
    check_aggregations({"t": aggregation}, FIELDS)
    check_aggregations({"t": aggregation}, {})


def test_terms_with_documents_are_fine() -> None:
    check_aggregations({"t": TermsAggregation(field="min_doc_count")}, SOME)
