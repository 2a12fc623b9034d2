"""Errors as JSON."""

from ragstone.core.errors import (
    IllegalArgumentException,
    IndexNotFoundException,
    MapperParsingException,
    error_body,
    error_cause,
)


def test_a_cause_of_javas_is_shown_but_is_no_root() -> None:
    error = MapperParsingException("failed to parse", cause=IllegalArgumentException("why"))
    cause = {"type": "illegal_argument_exception", "reason": "why"}
    shown = {"type": "mapper_parsing_exception", "reason": "failed to parse"}
    assert error_body(error) == {"error": {"root_cause": [shown], **shown, "caused_by": cause}, "status": 400}


def test_metadata_stands_beside_the_reason() -> None:
    assert error_cause(IndexNotFoundException("i")) == {
        "type": "index_not_found_exception",
        "reason": "no such index [i]",
        "index": "i",
        "resource.id": "i",
        "resource.type": "index_or_alias",
        "index_uuid": "_na_",
    }


def test_a_reason_that_quotes_a_whole_document_is_cut() -> None:
    reason = error_cause(IllegalArgumentException("x" * 1_000_000))["reason"]
    assert reason == "x" * 10_000 + "... [990000 more characters]"
    assert error_cause(IllegalArgumentException("x" * 10_000))["reason"] == "x" * 10_000
