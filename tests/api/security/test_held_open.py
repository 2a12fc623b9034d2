"""A scroll belongs to who opened it; a point in time is anybody's who may search its indices. Recorded OpenSearch
behaviour, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ragstone.testing.asgi import Answer

Ask = Callable[..., Awaitable[Answer]]

PASSWORD = "Reef-Kettle-9271!"
PIT = "/_search/point_in_time"


@pytest.fixture
async def readers(ask: Ask) -> Ask:
    """`ann` may read the books and `eve` everything; `bob` may read nothing, and sees two books less in `seen`."""
    for number in range(4):
        await ask(f"PUT /books/_doc/{number}?refresh=true", {"n": number})
    read = {"index_permissions": [{"index_patterns": ["books"], "allowed_actions": ["read"]}]}
    part = {"index_permissions": [{**read["index_permissions"][0], "dls": '{"range":{"n":{"gte":2}}}'}]}
    await ask("PUT /api/roles/reader", read)
    await ask("PUT /api/roles/half", part)
    for user, roles in (("ann", ["reader"]), ("eve", ["readall"]), ("bob", []), ("cem", ["half"])):
        await ask(f"PUT /api/internalusers/{user}", {"password": PASSWORD, "opendistro_security_roles": roles})
    return ask


async def scroll(ask: Ask, user: str) -> str:
    id: str = (await ask("POST /books/_search?scroll=1m", {"size": 1, "sort": ["n"]}, user=user)).json["_scroll_id"]
    return id


async def test_a_scroll_goes_on_for_its_owner_and_ends_when_somebody_else_tries_it(readers: Ask) -> None:
    body = {"scroll_id": await scroll(readers, "ann"), "scroll": "1m"}
    own = await readers("POST /_search/scroll", body, user="ann")
    assert [hit["_id"] for hit in own.json["hits"]["hits"]] == ["1"]
    foreign = await readers("POST /_search/scroll", body, user="eve")
    reason = {"type": "security_exception", "reason": "Wrong user in reader context"}
    assert (foreign.status, foreign.json["error"]) == (
        403,
        {
            "root_cause": [reason],
            "type": "search_phase_execution_exception",
            "reason": "all shards failed",
            "phase": "query",
            "grouped": True,
            "failed_shards": [{"shard": -1, "index": None, "reason": reason}],
            "caused_by": reason,
        },
    )
    assert (await readers("POST /_search/scroll", body, user="ann")).status == 404


async def test_own_scrolls_may_be_cleared_without_a_right_and_others_not(readers: Ask) -> None:
    """`Differs:` OpenSearch asks everybody for the right."""
    own, other = await scroll(readers, "ann"), await scroll(readers, "eve")
    for target, body in (
        ("DELETE /_search/scroll", {"scroll_id": [own, other]}),
        ("DELETE /_search/scroll/_all", None),
    ):
        refused = await readers(target, body, user="ann")
        assert (refused.status, refused.json["error"]["type"]) == (403, "security_exception")
        assert "[indices:data/read/scroll/clear]" in refused.json["error"]["reason"]
    assert (await readers(f"DELETE /_search/scroll/{own}", user="ann")).json["num_freed"] == 1
    assert (await readers("DELETE /_search/scroll/_all")).json["num_freed"] == 1


async def test_a_point_in_time_shows_everybody_what_they_may_see_themselves(readers: Ask) -> None:
    pit = (await readers(f"POST /books{PIT}?keep_alive=1m", user="ann")).json["pit_id"]
    body = {"size": 0, "pit": {"id": pit}}
    assert (await readers("POST /_search", body, user="ann")).json["hits"]["total"]["value"] == 4
    assert (await readers("POST /_search", body, user="eve")).json["hits"]["total"]["value"] == 4
    assert (await readers("POST /_search", body, user="cem")).json["hits"]["total"]["value"] == 2
    refused = await readers("POST /_search", body, user="bob")
    assert (refused.status, refused.json["error"]["type"]) == (403, "security_exception")
    for target in (f"POST /books{PIT}?keep_alive=1m", f"GET {PIT}/_all", f"DELETE {PIT}/_all"):
        assert (await readers(target, user="bob")).status == 403
    assert (await readers(f"DELETE {PIT}", {"pit_id": [pit]}, user="bob")).status == 403
    assert (await readers(f"DELETE {PIT}", {"pit_id": [pit]}, user="ann")).status == 200


async def test_a_scroll_over_a_part_of_the_documents_brings_no_other(readers: Ask) -> None:
    body = {"scroll_id": await scroll(readers, "cem"), "scroll": "1m"}
    pages = [(await readers("POST /_search/scroll", body, user="cem")).json["hits"] for _ in range(2)]
    assert [[hit["_id"] for hit in page["hits"]] for page in pages] == [["3"], []]
    assert pages[0]["total"]["value"] == 2


async def test_templates_and_stored_scripts_ask_for_their_rights(readers: Ask) -> None:
    template: dict[str, Any] = {"source": {"query": {"match_all": {}}}}
    found = await readers("POST /books/_search/template", template, user="ann")
    assert found.json["hits"]["total"]["value"] == 4
    for target, body, action in (
        ("POST /books/_search/template", template, "indices:data/read/search/template"),
        ("POST /_render/template", template, "indices:data/read/search/template/render"),
        ("GET /_scripts/s", None, "cluster:admin/script/get"),
        ("DELETE /_scripts/s", None, "cluster:admin/script/delete"),
        ("PUT /_scripts/s", {"script": {"lang": "mustache", "source": "{}"}}, "cluster:admin/script/put"),
    ):
        refused = await readers(target, body, user="bob")
        assert (refused.status, f"[{action}]" in refused.json["error"]["reason"]) == (403, True)
