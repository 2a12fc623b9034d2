"""Errors in one line, for people."""

from ragstone.core.errors import (
    IllegalArgumentException,
    NamedObjectNotFoundException,
    NumberFormatException,
    ParsingException,
    QueryShardException,
)
from ragstone.search.explain import detailed_message


def test_an_error_is_told_with_all_its_causes_and_the_last_once_more() -> None:
    cause = NumberFormatException.of("x")
    error = QueryShardException("failed to create query", index="a", index_uuid="u", cause=cause)
    assert detailed_message(error) == (
        'QueryShardException[failed to create query]; nested: NumberFormatException[For input string: "x"];; '
        'java.lang.NumberFormatException: For input string: "x"'
    )


def test_the_package_is_that_of_the_last_cause() -> None:
    error = ParsingException("unknown query [nope]", cause=NamedObjectNotFoundException("[1:20] unknown field [nope]"))
    assert detailed_message(error) == (
        "ParsingException[unknown query [nope]]; nested: NamedObjectNotFoundException[[1:20] unknown field [nope]];; "
        "org.opensearch.core.xcontent.NamedObjectNotFoundException: [1:20] unknown field [nope]"
    )


def test_an_error_without_a_cause_is_told_once() -> None:
    assert detailed_message(IllegalArgumentException("no")) == "IllegalArgumentException[no]"
