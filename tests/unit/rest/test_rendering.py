"""JSON, pretty JSON and YAML."""

from ragstone.core import json
from ragstone.rest.rendering import render, yaml_form
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text


def ask(query: dict[str, str] | None = None, **headers: str) -> Request:
    return Request("GET", "/x", "/x", query or {}, headers)


def test_pretty_is_two_spaces_a_space_before_the_colon_and_a_final_newline() -> None:
    body, kind = render(Response({"a": {"b": [1, {}]}, "c": []}), ask({"pretty": ""}))
    assert body.decode() == '{\n  "a" : {\n    "b" : [\n      1,\n      { }\n    ]\n  },\n  "c" : [ ]\n}\n'
    assert kind == "application/json; charset=UTF-8"


def test_stored_bytes_are_embedded_and_can_be_filtered() -> None:
    body = {"_id": "1", "_source": json.Raw(b'{"a": 1.50, "b": 2}')}
    assert render(Response(body), ask())[0] == b'{"_id":"1","_source":{"a": 1.50, "b": 2}}'
    assert render(Response(body), ask({"filter_path": "_source.b"}))[0] == b'{"_source":{"b":2}}'


def test_errors_are_never_filtered() -> None:
    body = Response({"error": "x", "status": 400}, 400, filterable=False)
    assert render(body, ask({"filter_path": "nothing"}))[0] == b'{"error":"x","status":400}'


def test_text_goes_out_as_it_is() -> None:
    assert render(text("a b\n"), ask({"filter_path": "x", "pretty": ""})) == (b"a b\n", "text/plain; charset=UTF-8")


def test_the_format_parameter_beats_accept() -> None:
    yaml = "application/yaml"
    assert render(Response({"a": 1}), ask(accept=yaml)) == (b"---\na: 1\n", "application/yaml")
    assert render(Response({"a": 1}), ask({"format": "json"}, accept=yaml))[0] == b'{"a":1}'
    assert render(Response({"a": 1}), ask({"format": "nonsense"}))[0] == b'{"a":1}'


def test_yaml_quotes_texts_and_does_not_indent_lists() -> None:
    value = {"_id": "1", "found": True, "_source": {"b": ["x", {"y": None, "z": 1.5}], "empty": {}, "none": []}}
    assert yaml_form(value).decode() == (
        '---\n_id: "1"\nfound: true\n_source:\n  b:\n  - "x"\n  - y: null\n    z: 1.5\n  empty: {}\n  none: []\n'
    )
