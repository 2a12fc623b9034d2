"""`GET /`, in this process and over a real connection."""

import requests

from ragstone.testing.asgi import AsgiClient


async def test_root_says_who_answers(client: AsgiClient) -> None:
    answer = await client("GET /")
    assert answer.status == 200
    assert answer.json["version"]["number"] == "3.4.0"
    assert answer.json["name"] == "test-node"
    assert answer.json["tagline"] == "The OpenSearch Project: https://opensearch.org/"
    assert answer.text.startswith('{\n  "name" : "test-node",\n')


async def test_root_is_compact_when_asked(client: AsgiClient) -> None:
    assert b"\n" not in (await client("GET /?pretty=false")).body


async def test_head_tells_the_length_of_what_get_answers(client: AsgiClient) -> None:
    get, head = await client("GET /"), await client("HEAD /")
    assert head.body == b""
    assert head.headers["content-length"] == str(len(get.body))
    assert head.headers["content-type"] == "application/json; charset=UTF-8"


def test_a_real_server_answers(server: str) -> None:
    answer = requests.get(server, timeout=10)
    assert answer.json()["version"]["distribution"] == "opensearch"
    assert answer.headers["X-OpenSearch-Version"] == "OpenSearch/3.4.0 (opensearch)"
