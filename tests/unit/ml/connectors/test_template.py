"""Templates: what a request's parameters do to a connector's body, URL and headers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, IllegalStateException
from ragstone.ml.connectors.template import fill_credentials, fill_payload, substitute

CHAT = '{ "model": "${parameters.model}", "messages": ${parameters.messages} }'


def fill(template: str, given: dict[str, Any], own: dict[str, str] | None = None, *, literal: bool = False) -> str:
    return fill_payload(template, own or {}, given, literal=literal)


def refused(template: str, given: dict[str, Any], own: dict[str, str] | None = None, *, literal: bool = False) -> str:
    with pytest.raises(IllegalArgumentException) as error:
        fill(template, given, own, literal=literal)
    assert error.value.reason is not None
    return error.value.reason


# ── as the predict API has it ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("messages", [[{"role": "user", "content": 'say "hi" \\ / \n é 😀'}], []])
def test_an_array_is_put_in_as_json(messages: list[Any]) -> None:
    sent = json.decode(fill(CHAT, {"messages": messages}, {"model": "m"}))
    assert sent == {"model": "m", "messages": messages}


def test_a_text_that_reads_as_an_array_is_put_in_as_json() -> None:
    assert fill(CHAT, {"messages": '[{"a":1}]', "model": "x"}) == '{ "model": "x", "messages": [{"a":1}] }'


@pytest.mark.parametrize("text", ["plain", 'q" b\\ s/ t\t n\n é 日 😀', '"quoted"', "5", "true", "null", "", "[1,2]"])
def test_a_text_between_quotes_stays_the_text(text: str) -> None:
    assert json.decode(fill('{"p":"${parameters.p}"}', {"p": text})) == {"p": text}


def test_a_json_text_between_quotes_breaks_the_body() -> None:
    assert refused('{"p":"${parameters.p}"}', {"p": '{"a":1}'}) == 'Invalid payload: {"p":"{"a":1}"}'


@pytest.mark.parametrize(
    ("value", "sent"),
    [(5, 5), (1.5, 1.5), (True, True), (None, None), ([1, None, {"y": "ü"}], [1, None, {"y": "ü"}]), ("7", 7)],
)
def test_other_values_become_their_json(value: Any, sent: Any) -> None:
    assert json.decode(fill('{"v":${parameters.v}}', {"v": value})) == {"v": sent}


def test_a_word_standing_for_a_value_is_sent_as_it_is() -> None:
    assert fill('{"v":${parameters.v}}', {"v": "text"}) == '{"v":text}'


@pytest.mark.parametrize("text", ["[open", '"q"', "1,2", 'x","y":"z', "a b"])
def test_a_text_standing_for_a_value_can_not_change_what_is_around_it(text: str) -> None:
    assert refused('{"l":[${parameters.a}]}', {"a": text}).startswith("Invalid payload: ")


def test_missing_parameters_are_named() -> None:
    template = '{"a":"${parameters.a}","b":"${parameters.b}","c":"${parameters.c:-dflt}","e":${parameters.e:-[1]}}'
    assert refused(template, {}) == "Some parameter placeholder not filled in payload: a, b"
    assert refused(template, {"a": 1}) == "Some parameter placeholder not filled in payload: b"
    sent = json.decode(fill(template, {"a": "1", "skip_validating_missing_parameters": "true"}))
    assert sent == {"a": "1", "b": "${parameters.b}", "c": "dflt", "e": [1]}


def test_an_unquoted_missing_parameter_breaks_the_body() -> None:
    assert refused(CHAT, {"model": "m"}) == 'Invalid payload: { "model": "m", "messages": ${parameters.messages} }'


def test_a_quoted_null_default_becomes_null() -> None:
    template = '{"d":"${parameters.d:-null}"}'
    assert fill(template, {}) == '{"d":null}'
    assert fill(template, {"d": None}) == '{"d":"null"}'


def test_a_value_may_name_other_parameters() -> None:
    own = {"base": "from connector", "chain": "${parameters.base}!"}
    template = '{"p":"${parameters.p}"}'
    assert fill(template, {"p": "${parameters.chain}"}, own) == '{"p":"from connector!"}'
    assert fill(template, {"p": "${parameters.q}", "q": 'r"'}, own) == '{"p":"r\\""}'
    assert fill(template, {"p": "${parameters.nope:-else}"}, own) == '{"p":"else"}'
    assert fill('{"p":${parameters.p}}', {"p": ["${parameters.base}"]}, own) == '{"p":["from connector"]}'
    assert refused(template, {"p": "${parameters.nope}"}, own).endswith("not filled in payload: nope")


def test_a_loop_is_a_fault_of_the_caller() -> None:
    with pytest.raises(IllegalStateException, match="Infinite loop in property interpolation") as error:
        fill('{"p":"${parameters.p}"}', {"p": "${parameters.p}"})
    assert error.value.status == 400
    with pytest.raises(IllegalStateException, match="a->b->a"):
        fill('{"p":"${parameters.a}"}', {}, {"a": "${parameters.b}", "b": "${parameters.a}"})


def test_an_escaped_placeholder_stays_and_is_refused_unless_that_is_switched_off() -> None:
    template, own = '{"p":"${parameters.p}"}', {"base": "b"}
    assert refused(template, {"p": "$${parameters.base}"}, own).endswith("not filled in payload: base")
    given = {"p": "$${parameters.base}", "skip_validating_missing_parameters": "true"}
    assert fill(template, given, own) == '{"p":"${parameters.base}"}'


def test_credentials_are_never_filled_in() -> None:
    assert fill('{"p":"${parameters.p}"}', {"p": "${credential.key}"}) == '{"p":"${credential.key}"}'


def test_names_with_dots_are_flat_and_given_parameters_win() -> None:
    own = {"a.b": "dotted", "t": "0.5", "raw": 'x\\"y'}
    template = '{"ab":"${parameters.a.b}","t":${parameters.t},"raw":"${parameters.raw}"}'
    assert fill(template, {}, own) == '{"ab":"dotted","t":0.5,"raw":"x\\"y"}'
    assert fill(template, {"t": 1, "a": {"b": "nested"}}, own) == '{"ab":"dotted","t":1,"raw":"x\\"y"}'


def test_to_string_works_inside_a_parameter_only() -> None:
    own = {"prompt": "Context: ${parameters.ctx.toString()} Question: ${parameters.q}"}
    sent = json.decode(fill('{"p":"${parameters.prompt}"}', {"ctx": ['a "x"', 1], "q": 'w "v" é'}, own))
    assert sent == {"p": 'Context: ["a \\"x\\"",1] Question: w "v" é'}
    assert refused('{"p":"${parameters.prompt}"}', {"q": "w"}, own).endswith("payload: ctx.toString()")
    assert refused('{"p":"${parameters.x.toString()}"}', {"x": ["a"]}).endswith("payload: x.toString()")


def test_escaping_is_switched_off_by_the_request_only() -> None:
    assert fill('{"p":"${parameters.x}"}', {"x": 'a\\"b', "no_escape_params": "x"}) == '{"p":"a\\"b"}'
    assert fill('{"p":"${parameters.x}"}', {"x": 'a\\"b'}, {"no_escape_params": "x"}) == '{"p":"a\\\\\\"b"}'


@pytest.mark.parametrize(("template", "payload"), [("text ${parameters.a}", "text 1"), ("${parameters.a}", "1")])
def test_a_body_must_be_an_object_or_an_array(template: str, payload: str) -> None:
    assert refused(template, {"a": 1}) == f"Invalid payload: {payload}"


# ── values that are data ─────────────────────────────────────────────────────────────────────────────────────────────


def test_data_reaches_the_model_verbatim() -> None:
    messages = [{"role": "user", "content": "uses ${parameters.model} and ${parameters.nowhere} and $${parameters.x}"}]
    sent = json.decode(fill(CHAT, {"messages": messages, "model": "m-1"}, {"model": "own"}, literal=True))
    assert sent == {"model": "m-1", "messages": messages}


@pytest.mark.parametrize("text", ['{"a": 1}', "[1]", 'x","injected":"1', "${parameters.p}", "a\\b\nc"])
def test_data_is_escaped_by_where_it_stands(text: str) -> None:
    assert json.decode(fill('{"p":"- ${parameters.p} -"}', {"p": text}, literal=True)) == {"p": f"- {text} -"}
    assert json.decode(fill('{"p":${parameters.p}}', {"p": text}, literal=True)) == {"p": text}


def test_data_inside_a_connectors_own_parameter_is_escaped_by_its_place_there() -> None:
    own = {"part": '[{"role":"user","content":"${parameters.q}"}]'}
    sent = fill('{"messages":${parameters.part}}', {"q": 'a "b" {}'}, own, literal=True)
    assert json.decode(sent) == {"messages": [{"role": "user", "content": 'a "b" {}'}]}


def test_data_needs_its_template_filled_too() -> None:
    assert refused('{"a":"${parameters.a}"}', {}, literal=True) == "Some parameter placeholder not filled in payload: a"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(quoted=st.text(), raw=values)
@settings(max_examples=200, deadline=None)
def test_data_never_changes_the_structure(quoted: str, raw: Any) -> None:
    template = '{"a":"x${parameters.q}y","b":${parameters.r},"c":1}'
    sent = json.decode(fill(template, {"q": quoted, "r": raw}, {"q": "own"}, literal=True))
    assert sent == {"a": f"x{quoted}y", "b": raw, "c": 1}


@given(text=st.text())
@settings(max_examples=200, deadline=None)
def test_a_clients_text_between_quotes_stays_between_them(text: str) -> None:
    try:
        sent = json.decode(fill('{"a":"${parameters.q}","c":1}', {"q": text}))
    except (IllegalArgumentException, IllegalStateException):
        return  # refused: JSON that breaks the body, or a placeholder that nothing fills
    assert sent.keys() == {"a", "c"}
    assert isinstance(sent["a"], str)


# ── other texts ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_default_ends_at_the_first_brace() -> None:
    assert substitute("${parameters.z:-${parameters.x}}", {"x": "1"}.get) == "${parameters.x}"


def test_secrets_are_put_in_unread() -> None:
    assert fill_credentials("Bearer ${credential.key}", {"key": "${credential.key}$1"}) == "Bearer ${credential.key}$1"
    assert fill_credentials("${credential.none}", {}) == "${credential.none}"
