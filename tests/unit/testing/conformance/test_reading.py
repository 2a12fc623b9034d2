from __future__ import annotations

from pathlib import Path

import pytest

from ragstone.testing.conformance import MalformedScenario, read
from ragstone.testing.conformance.matchers import Exactly, Id, Pattern


def written(folder: Path, text: str, name: str = "books") -> Path:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_is_read_with_what_it_is_given(tmp_path: Path) -> None:
    written(
        tmp_path, "names: {books: index}\nsteps: [{do: PUT /<books>}]\nfinally: [DELETE /later]", name="given/shelf"
    )
    text = """
about: a book
given: shelf
names: {p: search pipeline}
lacks: {bare: everything}
steps:
  - do: PUT /<books>/_doc/1?refresh=true
    body: {day: 2024-05-06, yes: no, big: 1e3}
    status: 201
    reply: !exact {_id: !id , result: !regex "c.*"}
    keep: {id: _id}
  - do: POST /_bulk
    lines: [{delete: {_id: "1"}}, {}]
    differs: {embedded: {because: it must, status: 400}}
finally: [DELETE /sooner]
"""
    scenario = read(written(tmp_path, text))
    assert scenario.name == "books"
    assert scenario.names == {"books": "index", "p": "search pipeline"}
    assert [f"{step.method} {step.target}" for step in scenario.steps] == [
        "PUT /<books>",
        "PUT /<books>/_doc/1?refresh=true",
        "POST /_bulk",
    ]
    assert scenario.steps[1].content == '{"day":"2024-05-06","yes":"no","big":1000.0}'
    assert scenario.steps[1].expected.reply == Exactly({"_id": Id(), "result": Pattern("c.*")})
    assert scenario.steps[2].content == '{"delete":{"_id":"1"}}\n{}\n'
    assert scenario.steps[2].content_type == "application/x-ndjson"
    assert scenario.steps[2].expected_on("embedded").status == 400
    assert scenario.steps[2].expected_on("gateway").status == 200
    assert [step.target for step in scenario.at_the_end] == ["/sooner", "/later"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("steps: [{do: GET /}]", r"\[about\] and \[steps\] are needed"),
        ("about: x\nsteps: [{do: GIVE /}]", r"must be like GET /_search, not \[GIVE /\]"),
        ("about: x\nsteps: [{do: GET /, replies: {}}]", r"step 1 has \['replies'\]"),
        ("about: x\nsteps: [{do: GET /, body: {}, text: x}]", "step 1 has body and text; one is enough"),
        ("about: x\nsteps: [{do: GET /, differs: {bare: {status: 400}}}]", r"does not say \[because\]"),
        ("about: x\nlacks: {moon: air}\nsteps: [{do: GET /}]", r"lacks has \['moon'\]"),
        ("about: x\nnames: {a: thing}\nsteps: [{do: GET /}]", r"not \['thing'\]"),
        ("about: x\ngiven: nothing\nsteps: [{do: GET /}]", "there is no .*given/nothing.yaml"),
        ("about: x\nabout: y\nsteps: [{do: GET /}]", r"\[about\] is there twice"),
        ("about: [", "while parsing"),
    ],
)
def test_a_malformed_scenario_is_refused_with_file_and_reason(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(MalformedScenario, match=rf"books\.yaml: [\s\S]*{told}"):
        read(written(tmp_path, text))
