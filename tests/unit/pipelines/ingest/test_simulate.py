"""`_simulate`, and through it every processor and option. The answers are recorded OpenSearch behaviour."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, OpenSearchException, ParseException, ScriptException
from ragstone.pipelines.ingest.service import IngestService


async def simulate(ingest: IngestService, processors: list[Any], *sources: Any, **options: Any) -> list[Any]:
    """What becomes of each source: the new source, the error's reason, or None when dropped."""
    body = {"pipeline": {"processors": processors, **options}, "docs": [{"_source": source} for source in sources]}
    answer = await ingest.simulate(None, body)
    return [doc and (doc["error"]["reason"] if "error" in doc else doc["doc"]["_source"]) for doc in answer["docs"]]


async def test_documents_are_shown_with_their_metadata(ingest: IngestService) -> None:
    docs = [{"_source": {"a": 1}}, {"_index": "i", "_id": 7, "_routing": "r", "_source": {}}]
    answer = await ingest.simulate(None, {"pipeline": {"processors": []}, "docs": docs})
    first, second = (doc["doc"] for doc in answer["docs"])
    assert first["_ingest"].keys() == {"timestamp"}
    assert {k: v for k, v in first.items() if k != "_ingest"} == {"_index": "_index", "_id": "_id", "_source": {"a": 1}}
    assert (second["_index"], second["_id"], second["_routing"]) == ("i", "7", "r")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"docs": [{"_source": {}}]}, "[pipeline] required property is missing"),
        ({"pipeline": {"processors": []}, "docs": []}, "must specify at least one document in [docs]"),
        ({"pipeline": {"processors": []}}, "[docs] required property is missing"),
        ({"pipeline": {"processors": []}, "docs": [{}]}, "[_source] required property is missing"),
        (
            {"pipeline": {"processors": []}, "docs": ["x"]},
            "malformed [docs] section, should include an inner object",
        ),
    ],
)
async def test_faults_of_the_request_are_named(ingest: IngestService, body: Any, reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        await ingest.simulate(None, body)
    assert caught.value.reason == reason
    assert caught.value.status == 400


async def test_an_unknown_stored_pipeline_is_told(ingest: IngestService) -> None:
    with pytest.raises(IllegalArgumentException, match=r"pipeline \[p\] does not exist"):
        await ingest.simulate("p", {"docs": [{"_source": {}}]})


async def test_verbose_shows_every_step(ingest: IngestService) -> None:
    await ingest.put("inner", {"processors": [{"set": {"field": "d", "value": 1}}]})
    processors = [
        {"set": {"field": "a", "value": 1, "if": "false", "tag": "s1"}},
        {"rename": {"field": "none", "target_field": "b", "ignore_failure": True}},
        {"set": {"field": "c", "value": 1, "description": "why"}},
        {"pipeline": {"name": "inner"}},
        {"fail": {"message": "stop {{ x }}", "on_failure": [{"set": {"field": "e", "value": 1}}]}},
        {"drop": {"if": "ctx.e == 1"}},
        {"set": {"field": "never", "value": 1}},
    ]
    body = {"pipeline": {"processors": processors}, "docs": [{"_source": {"x": "X"}}]}
    [doc] = (await ingest.simulate(None, body, verbose=True))["docs"]
    results = doc["processor_results"]
    assert [(r["processor_type"], r["status"]) for r in results] == [
        ("set", "skipped"),
        ("rename", "error_ignored"),
        ("set", "success"),
        ("pipeline", "success"),
        ("set", "success"),
        ("fail", "error"),
        ("set", "success"),
        ("drop", "dropped"),
    ]
    assert results[0] == {
        "processor_type": "set",
        "status": "skipped",
        "tag": "s1",
        "if": {"condition": "false", "result": False},
    }
    assert results[1]["ignored_error"]["error"]["reason"] == "field [none] doesn't exist"
    assert results[2]["description"] == "why"
    assert results[2]["doc"]["_ingest"]["pipeline"] == "_simulate_pipeline"
    assert results[4]["doc"]["_ingest"]["pipeline"] == "inner"
    assert results[5]["error"]["reason"] == "stop X"
    assert results[6]["doc"]["_ingest"]["on_failure_message"] == "stop X"
    assert results[7]["if"] == {"condition": "ctx.e == 1", "result": True}


# ── failure ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FAIL = {"fail": {"message": "m", "tag": "tg"}}
AFTER = {"set": {"field": "after", "value": True}}
TELL = (
    "{{_ingest.on_failure_message}}|{{_ingest.on_failure_processor_type}}|{{_ingest.on_failure_processor_tag}}"
    "|{{_ingest.on_failure_pipeline}}"
)
NOTE = {"set": {"field": "e", "value": TELL}}


async def test_after_a_processors_on_failure_the_pipeline_goes_on(ingest: IngestService) -> None:
    failing = {"fail": {**FAIL["fail"], "on_failure": [NOTE]}}
    assert await simulate(ingest, [failing, AFTER], {}) == [{"after": True, "e": "m|fail|tg|"}]


async def test_the_pipelines_on_failure_takes_the_place_of_the_rest(ingest: IngestService) -> None:
    assert await simulate(ingest, [FAIL, AFTER], {}, on_failure=[NOTE]) == [{"e": "m|fail|tg|"}]


async def test_a_failure_of_an_inner_pipeline_names_it(ingest: IngestService) -> None:
    await ingest.put("inner", {"processors": [FAIL]})
    calling = {"pipeline": {"name": "inner", "on_failure": [NOTE]}}
    assert await simulate(ingest, [calling], {}) == [{"e": "m|fail|tg|inner"}]


async def test_a_failure_inside_on_failure_fails_the_document(ingest: IngestService) -> None:
    failing = {"fail": {"message": "m", "on_failure": [{"fail": {"message": "second"}}]}}
    assert await simulate(ingest, [failing, AFTER], {}) == ["second"]


async def test_an_ignored_failure_leaves_the_document_as_it_was(ingest: IngestService) -> None:
    removing = {"remove": {"field": ["a", "none"], "ignore_failure": True, "on_failure": [NOTE]}}
    assert await simulate(ingest, [removing, AFTER], {"a": 1}) == [{"a": 1, "after": True}]


async def test_one_failing_document_does_not_disturb_the_others(ingest: IngestService) -> None:
    assert await simulate(ingest, [{"remove": {"field": "a"}}, AFTER], {"a": 1}, {}, {"a": 2}) == [
        {"after": True},
        "field [a] doesn't exist",
        {"after": True},
    ]


@pytest.mark.parametrize("name", ["a", "b"])
async def test_pipelines_that_call_each_other_are_found_out(ingest: IngestService, name: str) -> None:
    await ingest.put("a", {"processors": [{"pipeline": {"name": "b"}}]})
    await ingest.put("b", {"processors": [{"pipeline": {"name": "a"}}]})
    assert await simulate(ingest, [{"pipeline": {"name": name}}], {}) == [f"Cycle detected for pipeline: {name}"]


async def test_calling_a_missing_pipeline_is_a_fault_of_the_document(ingest: IngestService) -> None:
    [told] = await simulate(ingest, [{"pipeline": {"name": "{{to}}"}}], {"to": "gone"})
    assert told == "Pipeline processor configured for non-existent pipeline [gone]"


# ── processors ───────────────────────────────────────────────────────────────────────────────────────────────────────

CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    (
        {"set": {"field": "a", "value": "{{ b }}|{{{ b }}}|{{ n }}|{{ none }}"}},
        [{"b": "<x>&", "n": 5}],
        [{"a": "<x>&|<x>&|5|", "b": "<x>&", "n": 5}],
    ),
    (
        {"set": {"field": "a.b.c", "value": [1, {"d": "{{_id}}"}]}},
        [{}],
        [{"a": {"b": {"c": [1, {"d": "_id"}]}}}],
    ),
    (
        {"set": {"field": "a", "value": 2, "override": False}},
        [{"a": 1}, {"a": None}, {}],
        [{"a": 1}, {"a": 2}, {"a": 2}],
    ),
    ({"set": {"field": "a", "value": "{{ none }}", "ignore_empty_value": True}}, [{"a": 1}], [{"a": 1}]),
    ({"set": {"field": "a.0", "value": 9}}, [{"a": [1, 2]}], [{"a": [9, 2]}]),
    (
        {"set": {"field": "a.5", "value": 9}},
        [{"a": [1, 2]}],
        ["[5] is out of bounds for array with length [2] as part of path [a.5]"],
    ),
    (
        {"set": {"field": "a.x", "value": 9}},
        [{"a": [1, 2]}, {"a": 5}, {"a": None}],
        [
            "[x] is not an integer, cannot be used as an index as part of path [a.x]",
            "cannot set [x] with parent object of type [java.lang.Integer] as part of path [a.x]",
            "cannot set [x] with null parent as part of path [a.x]",
        ],
    ),
    (
        {"set": {"field": "a", "value": "{{ _index }}/{{ _id }}/{{_source.b}}"}},
        [{"b": 1}],
        [{"a": "_index/_id/1", "b": 1}],
    ),
    ({"remove": {"field": "a"}}, [{"a": 1, "b": 2}, {}], [{"b": 2}, "field [a] doesn't exist"]),
    ({"remove": {"field": ["a", "b"], "ignore_missing": True}}, [{"a": 1}], [{}]),
    ({"remove": {"exclude_field": ["a"]}}, [{"a": 1, "b": 2}], [{"a": 1}]),
    ({"remove": {"field": "_index"}}, [{}], ["cannot remove metadata field [_index]"]),
    ({"remove_by_pattern": {"field_pattern": "a*"}}, [{"ab": 1, "b": 2}], [{"b": 2}]),
    ({"remove_by_pattern": {"exclude_field_pattern": ["a*"]}}, [{"ab": 1, "b": 2}], [{"ab": 1}]),
    (
        {"rename": {"field": "a", "target_field": "b"}},
        [{"a": 1}, {}, {"a": 1, "b": 2}, {"a": None}],
        [{"b": 1}, "field [a] doesn't exist", "field [b] already exists", {"b": None}],
    ),
    ({"rename": {"field": "a", "target_field": "b", "override_target": True}}, [{"a": 1, "b": 2}], [{"b": 1}]),
    (
        {"rename": {"field": "a", "target_field": "c.x"}},
        [{"a": 1, "c": 5}],
        ["cannot set [x] with parent object of type [java.lang.Integer] as part of path [c.x]"],
    ),
    (
        {"append": {"field": "a", "value": ["x", "y"]}},
        [{}, {"a": "z"}, {"a": ["x"]}],
        [{"a": ["x", "y"]}, {"a": ["z", "x", "y"]}, {"a": ["x", "x", "y"]}],
    ),
    ({"append": {"field": "a", "value": ["x", "y"], "allow_duplicates": False}}, [{"a": ["x"]}], [{"a": ["x", "y"]}]),
    (
        {"copy": {"source_field": "a", "target_field": "b"}},
        [{"a": {"x": 1}}, {}, {"a": 1, "b": 2}, {"a": 1, "b": None}],
        [
            {"a": {"x": 1}, "b": {"x": 1}},
            "source field [a] doesn't exist",
            "target field [b] already exists",
            {"a": 1, "b": 1},
        ],
    ),
    ({"copy": {"source_field": "a", "target_field": "b", "remove_source": True}}, [{"a": 1}], [{"b": 1}]),
    (
        {"lowercase": {"field": "a"}},
        [{"a": "AbC"}, {"a": ["A", "B"]}, {"a": 5}, {"a": None}, {"a": ["A", 1]}],
        [
            {"a": "abc"},
            {"a": ["a", "b"]},
            "field [a] of type [java.lang.Integer] cannot be cast to [java.lang.String]",
            "field [a] is null, cannot process it.",
            "value [1] of type [java.lang.Integer] in list field [a] cannot be cast to [java.lang.String]",
        ],
    ),
    (
        {"uppercase": {"field": "a", "ignore_missing": True, "target_field": "b"}},
        [{"a": "x"}, {}, {"a": None}],
        [{"a": "x", "b": "X"}, {}, {"a": None}],
    ),
    ({"trim": {"field": "a"}}, [{"a": "  x "}], [{"a": "x"}]),
    (
        {"split": {"field": "a", "separator": ","}},
        [{"a": "x,y,,"}, {"a": 5}, {"a": None}, {}],
        [
            {"a": ["x", "y"]},
            "field [a] of type [java.lang.Integer] cannot be cast to [java.lang.String]",
            "field [a] is null, cannot split.",
            "field [a] not present as part of path [a]",
        ],
    ),
    (
        {"split": {"field": "a", "separator": ",", "preserve_trailing": True, "target_field": "b"}},
        [{"a": "x,y,,"}],
        [{"a": "x,y,,", "b": ["x", "y", "", ""]}],
    ),
    (
        {"join": {"field": "a", "separator": "-"}},
        [{"a": ["x", 1, True]}, {"a": "x"}, {"a": None}],
        [
            {"a": "x-1-true"},
            "field [a] of type [java.lang.String] cannot be cast to [java.util.List]",
            "field [a] is null, cannot join.",
        ],
    ),
    (
        {"gsub": {"field": "a", "pattern": "(\\d+)", "replacement": "<$1>"}},
        [{"a": "x12y3"}, {"a": ["1", "b"]}],
        [{"a": "x<12>y<3>"}, {"a": ["<1>", "b"]}],
    ),
    ({"gsub": {"field": "a", "pattern": "-", "replacement": "\\$"}}, [{"a": "x-y"}], [{"a": "x$y"}]),
    (
        {"json": {"field": "a"}},
        [{"a": '{"x":1}'}, {"a": "5"}, {"a": None}, {"a": 5}],
        [{"a": {"x": 1}}, {"a": 5}, {"a": None}, {"a": 5}],
    ),
    (
        {"json": {"field": "a", "add_to_root": True}},
        [{"a": '{"x":1}'}, {"a": "[1]"}],
        [{"x": 1, "a": '{"x":1}'}, "cannot add non-map fields to root of document"],
    ),
    (
        {"convert": {"field": "a", "type": "integer"}},
        [{"a": "12"}, {"a": "0x1f"}, {"a": " 7"}, {"a": ["1", "2"]}, {"a": None}, {"a": "99999999999"}],
        [
            {"a": 12},
            {"a": 31},
            "unable to convert [ 7] to integer",
            {"a": [1, 2]},
            "Field [a] is null, cannot be converted to type [integer]",
            "unable to convert [99999999999] to integer",
        ],
    ),
    (
        {"convert": {"field": "a", "type": "boolean"}},
        [{"a": "TRUE"}, {"a": 1}],
        [{"a": True}, "[1] is not a boolean value, cannot convert to boolean"],
    ),
    (
        {"convert": {"field": "a", "type": "auto"}},
        [{"a": "1"}, {"a": "1.5"}, {"a": "true"}, {"a": "x"}, {"a": 5}],
        [{"a": 1}, {"a": 1.5}, {"a": True}, {"a": "x"}, {"a": 5}],
    ),
    (
        {"convert": {"field": "a", "type": "ip"}},
        [{"a": "1.2.3.4"}, {"a": "x"}],
        [{"a": "1.2.3.4"}, "[x] is not a valid ipv4/ipv6 address"],
    ),
    (
        {"foreach": {"field": "a", "processor": {"uppercase": {"field": "_ingest._value"}}}},
        [{"a": ["x", "y"]}, {"a": None}, {"a": ["x", 1]}, {"a": {"k": "v"}}],
        [
            {"a": ["X", "Y"]},
            "field [a] is null, cannot loop over its elements.",
            "field [_ingest._value] of type [java.lang.Integer] cannot be cast to [java.lang.String]",
            "field [a] of type [java.util.HashMap] cannot be cast to [java.util.List]",
        ],
    ),
    ({"sort": {"field": "a", "order": "desc"}}, [{"a": [3, 1, 2]}], [{"a": [3, 2, 1]}]),
    (
        {"sort": {"field": "a"}},
        [{"a": [3, "x"]}],
        ["field [a] has members that cannot be compared"],
    ),
    (
        {"dot_expander": {"field": "a.b"}},
        [{"a.b": 1}, {"a.b": 1, "a": {"c": 2}}, {"a.b": 1, "a": {"b": 2}}, {"a.b": 1, "a": 3}],
        [
            {"a": {"b": 1}},
            {"a": {"b": 1, "c": 2}},
            {"a": {"b": [2, 1]}},
            "cannot expend [a.b], because [a] is not an object field, but a value field",
        ],
    ),
    ({"drop": {"if": "ctx.x == 'drop'"}}, [{"x": "drop"}, {"x": "keep"}], [None, {"x": "keep"}]),
]


@pytest.mark.parametrize(("processor", "sources", "expected"), CASES, ids=lambda v: str(v)[:60])
async def test_processors_do_what_opensearch_does(
    ingest: IngestService, processor: dict[str, Any], sources: list[Any], expected: list[Any]
) -> None:
    assert await simulate(ingest, [processor], *sources) == expected


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────────

FAULTS: list[tuple[Any, str, dict[str, str]]] = [
    (
        {"set": {"value": 1}},
        "[field] required property is missing",
        {"processor_type": "set", "property_name": "field"},
    ),
    (
        {"set": {"field": 1, "value": 1}},
        "[field] property isn't a string, but of type [java.lang.Integer]",
        {"processor_type": "set", "property_name": "field"},
    ),
    ({"bogus": {}}, "No processor type exists with name [bogus]", {"processor_type": "bogus"}),
    (
        {"set": {"field": "a", "value": 1, "bogus": 2, "tag": "tt"}},
        "processor [set] doesn't support one or more provided configuration parameters [bogus]",
        {"processor_type": "set", "processor_tag": "tt"},
    ),
    (
        {"set": {"field": "a", "value": 1, "on_failure": []}},
        "[on_failure] processors list cannot be empty",
        {"processor_type": "set", "property_name": "on_failure"},
    ),
    (
        {"set": {"field": "a", "value": 1, "ignore_failure": "x"}},
        "[ignore_failure] property isn't a boolean, but of type [java.lang.String]",
        {"property_name": "ignore_failure"},
    ),
    (
        {"set": {"field": "a", "value": 1, "tag": 3}},
        "[tag] property isn't a string, but of type [java.lang.Integer]",
        {"property_name": "tag"},
    ),
    ({"set": "x"}, "property isn't a map, but of type [java.lang.String]", {"processor_type": "set"}),
    (
        {"convert": {"field": "a", "type": "bogus"}},
        "[type] type [bogus] not supported, cannot convert field.",
        {"processor_type": "convert", "property_name": "type"},
    ),
    (
        {"foreach": {"field": "a", "processor": {}}},
        "[processor] Must specify exactly one processor type",
        {"processor_type": "foreach", "property_name": "processor"},
    ),
    (
        {"gsub": {"field": "a", "pattern": "(", "replacement": ""}},
        "[pattern] Invalid regex pattern. Unclosed group near index 1\n(",
        {"processor_type": "gsub", "property_name": "pattern"},
    ),
    (
        {"split": {"field": "a", "separator": "(x+)+y"}},
        "[separator] Regex pattern contains nested quantifiers or backreferences: (x+)+y",
        {"processor_type": "split", "property_name": "separator"},
    ),
    (
        {"json": {"field": "a", "target_field": "b", "add_to_root": True}},
        "[target_field] Cannot set a target field while also setting `add_to_root` to true",
        {"processor_type": "json", "property_name": "target_field"},
    ),
    (
        {"text_embedding": {"model_id": "m", "field_map": {"a": "b"}, "batch_size": 0}},
        "[batch_size] batch size must be a positive integer",
        {"processor_type": "text_embedding", "property_name": "batch_size"},
    ),
    (
        {"text_embedding": {"model_id": "m", "field_map": "x"}},
        "[field_map] property isn't a map, but of type [java.lang.String]",
        {"processor_type": "text_embedding", "property_name": "field_map"},
    ),
]


@pytest.mark.parametrize(("processor", "reason", "metadata"), FAULTS, ids=lambda v: str(v)[:50])
async def test_a_wrong_option_is_told_with_processor_and_property(
    ingest: IngestService, processor: Any, reason: str, metadata: dict[str, str]
) -> None:
    with pytest.raises(ParseException) as caught:
        await ingest.put("p", {"processors": [processor]})
    assert caught.value.reason == reason
    assert caught.value.metadata == metadata


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "[processors] required property is missing"),
        ({"processors": {}}, "[processors] property isn't a list, but of type [java.util.HashMap]"),
        (
            {"processors": [], "_meta": {}},
            "pipeline [p] doesn't support one or more provided configuration parameters [_meta]",
        ),
        ({"processors": [], "on_failure": []}, "pipeline [p] cannot have an empty on_failure option defined"),
        ({"processors": [], "version": "x"}, "[version] property cannot be converted to an int [x]"),
        ({"processors": ["x"]}, "property isn't a map, but of type [java.lang.String]"),
    ],
)
async def test_faults_of_a_whole_pipeline_are_named(ingest: IngestService, body: Any, reason: str) -> None:
    with pytest.raises(ParseException) as caught:
        await ingest.put("p", body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"model_id": "", "field_map": {"a": "b"}}, "model_id is null or empty, cannot process it"),
        (
            {"model_id": "m", "field_map": {}},
            "Unable to create the processor as field_map has invalid key or value",
        ),
        (
            {"model_id": "m", "field_map": {"a": {"b": None}}},
            "Unable to create the processor as field_map has invalid key or value",
        ),
    ],
)
async def test_argument_errors_of_a_processor_stay_argument_errors(
    ingest: IngestService, options: Any, reason: str
) -> None:
    with pytest.raises(IllegalArgumentException) as caught:
        await ingest.put("p", {"processors": [{"text_embedding": options}]})
    assert (caught.value.reason, caught.value.status) == (reason, 400)
    assert caught.value.metadata == {"processor_type": "text_embedding"}


@pytest.mark.parametrize("script", ["ctx.x = 1", "for (a in b) {}", "ctx.x.foo()", "ctx.x ==", "(ctx.x", "def x"])
async def test_a_condition_beyond_what_is_supported_is_refused_when_stored(ingest: IngestService, script: str) -> None:
    with pytest.raises(ScriptException) as caught:
        await ingest.put("p", {"processors": [{"drop": {"if": script}}]})
    assert caught.value.reason == "compile error"
    assert caught.value.metadata["processor_type"] == "drop"


async def test_a_template_beyond_variables_is_refused_when_stored(ingest: IngestService) -> None:
    with pytest.raises(ScriptException):
        await ingest.put("p", {"processors": [{"set": {"field": "a", "value": "{{#x}}y{{/x}}"}}]})
