"""The forms of paths and queries that signatures are made over."""

from __future__ import annotations

import random

import pytest

from ragstone.providers.sigv4_canonical import aws_query, canonical_paths, canonical_queries
from ragstone.rest.app import parse_query


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("/./", "/"),
        ("/example/..", "/"),
        ("/example1/example2/../..", "/"),
        ("/./example", "/example"),
        ("//example//", "/example/"),
        ("/a%20b/_doc/x%2Fy", "/a%2520b/_doc/x%252Fy"),
        ("/a,b*/_search", "/a%2Cb%2A/_search"),
        ("/<logs-{now%2Fd}>", "/%3Clogs-%7Bnow%252Fd%7D%3E"),
        ("/\xc3\xa9", "/%C3%A9"),
        ("/-._~AZaz09", "/-._~AZaz09"),
    ],
)
def test_a_path_is_normalised_and_encoded_once_more(raw: str, first: str) -> None:
    assert canonical_paths(raw)[0] == first


def test_a_path_is_also_taken_as_it_is_unless_that_could_be_another_path_encoded() -> None:
    assert canonical_paths("/a%20b") == ("/a%2520b", "/a%20b")
    assert canonical_paths("/a%2520b") == ("/a%252520b",)


@pytest.mark.parametrize(
    ("raw", "forms"),
    [
        ("", {""}),
        ("pretty", {"pretty="}),
        ("b=2&a=1", {"a=1&b=2"}),
        ("a=2&a=1", {"a=1&a=2"}),
        ("a=x+y", {"a=x+y", "a=x%20y"}),
        ("a=x%20y", {"a=x+y", "a=x%20y"}),
        ("a=x%2By", {"a=x%2By"}),
        ("p=a,b", {"p=a,b", "p=a%2Cb"}),
        ("a=~", {"a=~"}),
        ("a=b=c", {"a=b=c", "a=b%3Dc"}),
        ("X-Amz-Signature=00&a=", {"a="}),
    ],
)
def test_a_query_has_the_forms_that_signers_make(raw: str, forms: set[str]) -> None:
    assert set(canonical_queries(raw)) == forms


def test_all_forms_of_a_query_mean_the_same() -> None:
    """Otherwise a signature of one request could be used for another."""
    rng = random.Random(7)
    for _ in range(500):
        raw = "".join(
            rng.choice(["a", "%20", "+", "%2B", "%25", ",", "~", "%7E", "é".encode().decode("latin-1"), "%C3%A9"])
            for _ in range(6)
        )
        meanings = {parse_query(form)["k"] for form in canonical_queries(f"k={raw}") if form.isascii()}
        assert len(meanings) == 1


def test_aws_itself_makes_one_of_them() -> None:
    assert aws_query("b=x+y&a=1,2&c") == "a=1%2C2&b=x%20y&c="
    assert aws_query("") == ""
