import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.dsl.dev_tools import DevToolsError, DevToolsRequest, parse


def test_a_request_with_a_raw_text_is_read_as_the_tutorial_writes_it() -> None:
    (request,) = parse(
        r'''
PUT /_cluster/settings
{
  "persistent": {
    "plugins.ml_commons.trusted_connector_endpoints_regex": [
      """^https://api\.deepseek\.com/.*$"""
    ]
  }
}
'''
    )
    assert (request.method, request.path, request.line) == ("PUT", "/_cluster/settings", 2)
    assert request.body is not None
    assert json.loads(request.body) == {
        "persistent": {"plugins.ml_commons.trusted_connector_endpoints_regex": [r"^https://api\.deepseek\.com/.*$"]}
    }


def test_several_requests_with_and_without_bodies_and_comments() -> None:
    requests = parse(
        """# a comment
GET _cat/indices?v   // what there is
post /books/_search
{ // every book
  "query": {"match": {"title": "a // b # c"}}  # one
  /* GET /not/a/request
     still not */
}

DELETE books
"""
    )
    assert [(r.method, r.path) for r in requests] == [
        ("GET", "/_cat/indices?v"),
        ("POST", "/books/_search"),
        ("DELETE", "/books"),
    ]
    assert json.loads(requests[1].body or "") == {"query": {"match": {"title": "a // b # c"}}}
    assert requests[0].body is None
    assert requests[2].line == 10


def test_bulk_lines_stay_lines_and_are_ended_by_one() -> None:
    (request,) = parse('POST _bulk\n{"index": {"_id": "1"}}\n{"text":\n "a\\\\nb"}\n')
    assert request.several
    assert request.body == '{"index": {"_id": "1"}}\n{"text": "a\\\\nb"}\n'
    assert parse("POST /a/_bulk?refresh\n{}")[0] == DevToolsRequest("POST", "/a/_bulk?refresh", "{}\n", True, 1)


def test_a_raw_text_may_hold_quotes_line_breaks_and_lines_like_requests() -> None:
    raw = 'He said "hi"\nGET /nothing\n# no comment \\d // none \\'
    requests = parse(f'PUT /a/_doc/1\n{{"t": """{raw}"""}}\nGET /a')
    assert len(requests) == 2
    assert json.loads(requests[0].body or "") == {"t": raw}


def test_paths_with_blanks_are_kept() -> None:
    assert parse("GET /_search?q=a b")[0].path == "/_search?q=a b"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("hello", 1, "expected a request"),
        ("\n\n{}", 3, "expected a request"),
        ('GET /a\n{\n  "b": }\n', 3, "the body is no JSON"),
        ("GET /a\n{} x", 2, "the body is no JSON"),
        ('PUT /a\n{"b": """never closed', 1, "has no end"),
        ("GET /a\n" + "[" * 100_000, 2, "the body is no JSON"),
    ],
)
def test_what_is_no_request_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DevToolsError, match=words) as caught:
        parse(text)
    assert caught.value.line == line


def test_an_empty_text_has_no_requests() -> None:
    assert parse("") == parse("# nothing\n\n/* here */\n") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(bodies=st.lists(JSON, min_size=1, max_size=4), indent=st.sampled_from([None, 2]))
def test_bodies_come_through_unchanged_however_they_are_laid_out(bodies: list[object], indent: int | None) -> None:
    text = "\n".join(f"POST /a/{number}\n{json.dumps(body, indent=indent)}" for number, body in enumerate(bodies))
    assert [json.loads(request.body or "") for request in parse(text)] == bodies


@given(st.text(alphabet=st.sampled_from('GETPUT /{}[]"\\#*\n:,1a'), max_size=60) | st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        requests = parse(text)
    except DevToolsError:
        return
    assert all(request.path.startswith("/") for request in requests)
