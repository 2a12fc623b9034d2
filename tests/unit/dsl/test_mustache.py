"""What templates make of parameters: recorded OpenSearch behaviour, unless a test says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import ScriptException
from ragstone.dsl.mustache import ESCAPES, MustacheException, compile_template

JSON = ESCAPES["application/json"]


def rendered(source: str, params: dict[str, Any] | None = None) -> str:
    return compile_template(source, JSON).render(params or {})


@pytest.mark.parametrize(
    ("source", "params", "text"),
    [
        ("{{x}}", {"x": 'a"b\\c\né<&/\u2028'}, 'a\\"b\\\\c\\né<&/\u2028'),
        ("{{{x}}}|{{&x}}|{{& x }}", {"x": 'q"<'}, 'q"<|q"<|q"<'),
        ("{{x}}", {"x": ["a", "b"]}, "{0=a, 1=b}"),
        ("{{x}}", {"x": {"k": "v", "l": [1, 2]}}, "{k=v, l=[1, 2]}"),
        ("{{x}}|{{y}}|{{z}}|{{n}}|{{none}}", {"x": 1.0, "y": True, "z": 12345678901234, "n": None},
         "1.0|true|12345678901234||"),
        ("{{ x }}{{y.z}}", {"x": 1, "y": 2}, "1"),
        ("{{l.0}} {{l.1.k}} {{l.size}}", {"l": ["p", {"k": "v"}]}, "p v 2"),
        ("{{#l}}<{{.}}>{{/l}}", {"l": ["p", "q"]}, "<p><q>"),
        ("{{#l}}{{n}}{{o}}{{/l}}", {"l": [{"n": 1}, {"n": 2}], "o": "out"}, "1out2out"),
        ("{{#b}}yes{{c}}{{/b}}", {"b": {"c": 5}}, "yes5"),
        ("{{#s}}{{.}}{{/s}}", {"s": 7}, "7"),
        ("{{#m}}{{k}}{{/m}}", {"m": [[{"k": 1}], [{"k": 2}]]}, ""),
        ("{{#foo}}x{{/foo}}", {"foo": "v"}, "x"),
        ("{{n}}{{^n}}10{{/n}}", {}, "10"),
        ("{{n}}{{^n}}10{{/n}}", {"n": 3}, "3"),
        ("{{! a comment }}x", {}, "x"),
        ("a\n  {{#b}} \n  1,\n  {{/b}}\nz\n{{! c }}", {"b": [1, 2]}, "a\n  1,\n  1,\nz\n"),
        ("a {{#b}}\n1{{/b}}\n", {"b": 1}, "a \n1\n"),
        ("{{=<% %>=}}{{x}}<%x%><%={{ }}=%>{{x}}", {"x": 1}, "{{x}}11"),
        ("{{#toJson}}o{{/toJson}}", {"o": {"x": [1, 'a"', None, 1.5, True], "y": {}}},
         '{"x":[1,"a\\"",null,1.5,true],"y":{}}'),
        ("{{#toJson}}o.x{{/toJson}}", {"o": {"x": "s"}}, "s"),
        ("{{#toJson}}o{{/toJson}}", {}, ""),
        ("{{#toJson}}{{o}}{{/toJson}}", {"o": 1}, ""),
        ("{{#join}}l{{/join}}", {"l": ["a", 1, True]}, "a,1,true"),
        ("{{#join delimiter='||'}}l{{/join delimiter='||'}}", {"l": ["a", 1]}, "a||1"),
        ("{{#join}}l.0{{/join}}", {"l": [["x", 'y"']]}, 'x,y"'),
        ("{{#join}}l{{/join}}", {}, "l"),
        ("{{#url}}{{u}}{{/url}}", {"u": "http://a b/?ü&*-._~"}, "http%3A%2F%2Fa+b%2F%3F%C3%BC%26*-._%7E"),
    ],
)  # fmt: skip
def test_parameters_fill_a_template(source: str, params: dict[str, Any], text: str) -> None:
    assert rendered(source, params) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(False, "no"), (None, "no"), ("", "no"), ([], "no"), (0, "yes"), ({}, "yes"), ("x", "yes"), (True, "yes")],
)
def test_a_section_is_written_for_what_is_something(value: Any, text: str) -> None:
    assert rendered("{{#b}}yes{{/b}}{{^b}}no{{/b}}", {"b": value}) == text


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('{"a":"{{x"}', "Improperly closed variable @[query-template:1]"),
        ("\n{{#x}}\n{}", "Failed to close 'x' tag @[query-template:2]"),
        ("{{/x}}{}", "Mismatched start/end tags: null != x in query-template:1 @[query-template:1]"),
        ("{{#x}}{{#y}}{{/x}}{{/y}}", "Mismatched start/end tags: y != x in query-template:1 @[query-template:1]"),
        ("{{}}", "Empty mustache @[query-template:1]"),
        ("{{> part}}", "Template part not found"),
        ("{{#toJson}}{{/toJson}}", "Mustache function [toJson] must contain one and only one identifier"),
        ("{{#join}}a{{b}}{{/join}}", "Mustache function [join] must contain one and only one identifier"),
        ("{{=x=}}", "Invalid delimiter string: x @[query-template:1]"),
        ("{{#a}}" * 101, "Sections are nested more than [100] deep @[query-template:1]"),
    ],
)
def test_what_is_no_template_is_told_so(source: str, reason: str) -> None:
    with pytest.raises(ScriptException) as fault:
        compile_template(source, JSON)
    assert fault.value.reason == reason
    assert fault.value.metadata == {"script_stack": [], "script": source, "lang": "mustache"}
    assert fault.value.cause is not None
    assert fault.value.cause.reason == reason


def test_a_place_behind_the_end_of_a_list_is_an_error() -> None:
    with pytest.raises(MustacheException, match=r"Failed to get value for l\.2 @\[query-template:1\]"):
        rendered("{{l.2}}", {"l": [1, 2]})


def test_a_small_template_cannot_write_without_end() -> None:
    source = "{{#l}}" * 8 + "x" + "{{/l}}" * 8
    with pytest.raises(MustacheException, match="writes more than"):
        rendered(source, {"l": list(range(1, 100))})


def test_a_template_may_not_be_longer_than_one_can_read() -> None:
    with pytest.raises(ScriptException, match="longer than"):
        compile_template("{{a}}" * 200_001, JSON)


def test_lines_are_counted_over_tags_and_lines_that_vanish() -> None:
    with pytest.raises(ScriptException) as fault:
        compile_template("{{!\n\n}}\n{{#a}}\n{{/a}}\n  {{#b}}", JSON)
    assert fault.value.reason == "Failed to close 'b' tag @[query-template:6]"


def test_the_content_type_says_how_values_are_escaped() -> None:
    assert compile_template("{{x}}", ESCAPES["text/plain"]).render({"x": 'a "b"'}) == 'a "b"'
    assert compile_template("{{x}}", ESCAPES["application/x-www-form-urlencoded"]).render({"x": "a b"}) == "a+b"
