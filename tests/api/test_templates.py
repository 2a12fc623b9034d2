"""Templates over HTTP. Reasons are recorded OpenSearch behaviour."""

from __future__ import annotations

import pytest

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient


async def test_an_index_follows_the_template_of_the_highest_priority_also_when_a_write_makes_it(
    client: AsgiClient,
) -> None:
    await client("PUT /_component_template/c", {"template": {"settings": {"refresh_interval": "9s"}}})
    weak = {"index_patterns": ["logs*"], "template": {"settings": {"codec": "default"}}}
    strong = {
        "index_patterns": ["logs-*"],
        "priority": 1,
        "composed_of": ["c"],
        "template": {"mappings": {"properties": {"level": {"type": "keyword"}}}, "aliases": {"{index}-al": {}}},
    }
    assert (await client("PUT /_index_template/weak", weak)).json == {"acknowledged": True}
    await client("PUT /_index_template/strong", strong)
    assert (await client("PUT /logs-1/_doc/1", {"level": "warn"})).status == 201
    shown = (await client("GET /logs-1")).json["logs-1"]
    assert shown["aliases"] == {"logs-1-al": {}}
    assert shown["mappings"] == {"properties": {"level": {"type": "keyword"}}}
    assert shown["settings"]["index"]["refresh_interval"] == "9s"
    assert "codec" not in shown["settings"]["index"]


async def test_a_request_is_stronger_than_every_template(client: AsgiClient) -> None:
    template = {"settings": {"refresh_interval": "9s", "codec": "default"}, "aliases": {"w": {"routing": "1"}}}
    await client("PUT /_index_template/t", {"index_patterns": ["logs"], "template": template})
    await client("PUT /logs", {"settings": {"refresh_interval": "1s", "codec": None}, "aliases": {"w": {}}})
    shown = (await client("GET /logs")).json["logs"]
    assert shown["aliases"] == {"w": {}}
    assert shown["settings"]["index"]["refresh_interval"] == "1s"
    assert "codec" not in shown["settings"]["index"]


async def test_a_hidden_index_is_none_of_everybody_s_template(client: AsgiClient) -> None:
    await client("PUT /_index_template/all", {"index_patterns": ["*"], "template": {"settings": {"codec": "default"}}})
    await client("PUT /hidden", {"settings": {"hidden": True}})
    await client("PUT /open")
    assert "codec" not in (await client("GET /hidden")).json["hidden"]["settings"]["index"]
    assert (await client("GET /open")).json["open"]["settings"]["index"]["codec"] == "default"


async def test_the_default_pipeline_of_a_template_sees_the_document_that_makes_the_index(client: AsgiClient) -> None:
    await client("PUT /_ingest/pipeline/mark", {"processors": [{"set": {"field": "marked", "value": 1}}]})
    settings = {"default_pipeline": "mark"}
    await client("PUT /_index_template/t", {"index_patterns": ["logs-*"], "template": {"settings": settings}})
    await client("POST /_bulk", b'{"index":{"_index":"logs-1","_id":"1"}}\n{"a":1}\n')
    assert (await client("GET /logs-1/_doc/1")).json["_source"] == {"a": 1, "marked": 1}


async def test_templates_are_there_after_a_restart(settings: Settings) -> None:
    body = {
        "index_patterns": ["logs-*"],
        "template": {"settings": {"number_of_shards": 2}},
        "version": 3,
        "_meta": {"a": 1},
    }
    legacy = {"index_patterns": ["old-*"], "order": 4, "settings": {"number_of_shards": 3}}
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        await client("PUT /_component_template/c", {"template": {"aliases": {"al": {"routing": "7"}}}, "version": 1})
        await client("PUT /_index_template/t", body)
        await client("PUT /_template/l", legacy)
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        shown = {**body, "template": {"settings": {"index": {"number_of_shards": "2"}}}, "composed_of": []}
        found = (await client("GET /_index_template")).json
        assert found == {"index_templates": [{"name": "t", "index_template": shown}]}
        flat = (await client("GET /_index_template/t?flat_settings=true")).json["index_templates"][0]
        assert flat["index_template"]["template"] == {"settings": {"index.number_of_shards": "2"}}
        component = (await client("GET /_component_template/c")).json["component_templates"][0]["component_template"]
        aliases = {"al": {"index_routing": "7", "search_routing": "7"}}
        assert component == {"template": {"aliases": aliases}, "version": 1}
        assert (await client("GET /_template")).json["l"]["settings"] == {"index": {"number_of_shards": "3"}}


@pytest.mark.parametrize(
    ("target", "body", "status", "kind", "reason"),
    [
        ("PUT /_index_template/t", {"priority": 1}, 400, "illegal_argument_exception", "Required [index_patterns]"),
        ("PUT /_index_template/t", {"index_patterns": []}, 400, "illegal_argument_exception", "There must be at least one pattern, zero given"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "foo": 1}, 400, "x_content_parse_exception", "[1:25] [index_template] unknown field [foo]"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "priority": -1}, 400, "action_request_validation_exception", "Validation Failed: 1: index template priority must be >= 0;"),
        ("PUT /_index_template/t", {"index_patterns": ["*"], "template": {"settings": {"index.hidden": True}}}, 400, "action_request_validation_exception", "Validation Failed: 1: global composable templates may not specify the setting index.hidden;"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "data_stream": {}}, 400, "illegal_argument_exception", "[data_stream] is not supported: there are no data streams here"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "composed_of": ["n1", "n2"]}, 400, "invalid_index_template_exception", "index_template [t] invalid, cause [index template [t] specifies component templates [n1, n2] that do not exist]"),
        ("PUT /_index_template/t", {"index_patterns": ["a#"]}, 400, "invalid_index_template_exception", "index_template [t] invalid, cause [Validation Failed: 1: index_pattern [a#] must not contain a '#';]"),
        ("PUT /_index_template/T", {"index_patterns": ["z"]}, 400, "invalid_index_template_exception", "index_template [T] invalid, cause [Validation Failed: 1: name must be lower cased;]"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"settings": {"index.foo": 1}}}, 400, "settings_exception", None),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"settings": {"number_of_shards": 0}}}, 400, "invalid_index_template_exception", "index_template [t] invalid, cause [Validation Failed: 1: Failed to parse value [0] for setting [index.number_of_shards] must be >= 1;]"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"settings": {"uuid": "x"}}}, 400, "invalid_index_template_exception", "index_template [t] invalid, cause [Validation Failed: 1: private index setting [index.uuid] can not be set explicitly;]"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"mappings": {"properties": {"a": {"type": "zzz"}}}}}, 400, "illegal_argument_exception", "composable template [t] template after composition is invalid"),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"aliases": {"a b": {}}}}, 400, "invalid_alias_name_exception", None),
        ("PUT /_index_template/t", {"index_patterns": ["z"], "template": {"aliases": {"a": {"filter": {"nope": {}}}}}}, 400, "illegal_argument_exception", "composable template [t] template after composition is invalid"),
        ("PUT /_index_template/t", {"index_patterns": ["in-u*"]}, 400, "illegal_argument_exception", "index template [t] has index patterns [in-u*] matching patterns from existing templates [used] with patterns (used => [in-use]) that have the same priority [0], multiple index templates may not match during index creation, please use a different priority"),
        ("PUT /_index_template/used?create=true", {"index_patterns": ["z"]}, 400, "illegal_argument_exception", "index template [used] already exists"),
        ("PUT /_component_template/c", {}, 400, "illegal_argument_exception", "Required [template]"),
        ("PUT /_component_template/c?create=true", {"template": {}}, 400, "illegal_argument_exception", "component template [c] already exists"),
        ("PUT /_component_template/c", {"template": {"mappings": {"properties": {"a": {"properties": {}}}}}}, 400, "illegal_argument_exception", "updating component template [c] results in invalid composable template [used] after templates are merged"),
        ("PUT /_component_template/c", {"template": {"mappings": {"properties": {"a": {"type": "zzz"}}}}}, 400, "mapper_parsing_exception", "Failed to parse mapping [_doc]: No handler for type [zzz] declared on field [a]"),
        ("DELETE /_component_template/c", None, 400, "illegal_argument_exception", "component templates [c] cannot be removed as they are still in use by index templates [used]"),
        ("DELETE /_component_template/none", None, 404, "index_template_missing_exception", "index_template [none] missing"),
        ("GET /_component_template/none", None, 404, "resource_not_found_exception", "component template matching [none] not found"),
        ("GET /_index_template/none", None, 404, "resource_not_found_exception", "index template matching [none] not found"),
        ("DELETE /_index_template/none*", None, 404, "index_template_missing_exception", "index_template [none*] missing"),
        ("POST /_index_template/_simulate", None, 400, "action_request_validation_exception", "Validation Failed: 1: either index name or index template body must be specified for simulation;"),
        ("POST /_index_template/_simulate/none", None, 400, "illegal_argument_exception", "unable to simulate template [none] that does not exist"),
        ("PUT /_template/l", {"order": 1}, 400, "action_request_validation_exception", "Validation Failed: 1: index patterns are missing;"),
        ("PUT /_template/l", {"index_patterns": ["z"], "foo": 1}, 400, "parse_exception", "unknown key [foo] in the template "),
        ("PUT /_template/l", {"index_patterns": ["z"], "order": "x"}, 400, "number_format_exception", 'For input string: "x"'),
        ("PUT /_template/l", {"index_patterns": ["z"], "mappings": 5}, 400, "illegal_argument_exception", "Malformed [mappings] section, should include an inner object"),
        ("PUT /_template/l", {"index_patterns": ["*"], "settings": {"hidden": True}}, 400, "invalid_index_template_exception", "index_template [l] invalid, cause [Validation Failed: 1: global templates may not specify the setting index.hidden;]"),
        ("DELETE /_template/none", None, 404, "index_template_missing_exception", "index_template [none] missing"),
    ],
)  # fmt: skip
async def test_what_is_no_template_is_refused_in_opensearch_s_words(
    client: AsgiClient, target: str, body: object, status: int, kind: str, reason: str | None
) -> None:
    await client("PUT /_component_template/c", {"template": {}})
    own = {"mappings": {"properties": {"a": {"type": "long"}}}}
    await client("PUT /_index_template/used", {"index_patterns": ["in-use"], "composed_of": ["c"], "template": own})
    refused = await client(target, body)
    error = refused.json["error"]
    assert (refused.status, error["type"]) == (status, kind)
    assert reason is None or error["reason"] == reason


async def test_patterns_that_find_nothing_are_404_without_an_error(client: AsgiClient) -> None:
    nothing: dict[str, object] = {
        "/_index_template/x*": {"index_templates": []},
        "/_component_template/x*": {"component_templates": []},
        "/_template/x*": {},
        "/_template/x": {},
    }
    for target, body in nothing.items():
        answer = await client(f"GET {target}")
        assert (answer.status, answer.json) == (404, body)
        assert (await client(f"HEAD {target}")).status == 404
    assert (await client("GET /_index_template")).status == 200
    assert (await client("DELETE /_index_template/*")).json == {"acknowledged": True}


async def test_a_simulation_shows_what_an_index_would_get_and_who_else_is_for_it(client: AsgiClient) -> None:
    await client("PUT /_index_template/t", {"index_patterns": ["logs-*"], "template": {"aliases": {"{index}-al": {}}}})
    await client("PUT /_template/l", {"index_patterns": ["*-7"]})
    assert (await client("POST /_index_template/_simulate_index/other")).json == {}
    assert (await client("POST /_index_template/_simulate_index/logs-7")).json == {
        "template": {"settings": {}, "aliases": {"logs-7-al": {}}},
        "overlapping": [{"name": "l", "index_patterns": ["*-7"]}],
    }
    template = {"mappings": {"properties": {"a.b": {"type": "ip"}}}}
    body = {"index_patterns": ["logs-7*"], "priority": 3, "template": template}
    simulated = (await client("POST /_index_template/_simulate_index/logs-7", body)).json
    assert simulated["template"]["mappings"] == {"properties": {"a": {"properties": {"b": {"type": "ip"}}}}}
    assert [one["name"] for one in simulated["overlapping"]] == ["l", "t"]
    refused = await client("POST /_index_template/_simulate", {**body, "priority": 0})
    assert refused.status == 400
    assert (await client("GET /_index_template")).json["index_templates"][0]["name"] == "t"
