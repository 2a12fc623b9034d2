"""Many clients at once, while indices come and go under them."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import requests

CLIENTS, ROUNDS = 8, 40
VECTOR = {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "faiss"}}


def request_of(random: Random) -> tuple[str, str, object]:
    """Method, path and body of something a client may ask for at any time."""
    index = f"c{random.randrange(2)}"
    refresh = random.choice(["true", "false", "wait_for"])
    # Many fields: an index runs out of room for them now and then, and is built anew while others write to it.
    document = {"t": "some words", "v": [1, 2], f"f{random.randrange(60)}": random.choice([1, "x"])}
    lines = [{"index": {"_index": index, "_id": str(random.randrange(99))}}, document] * random.randrange(1, 9)
    return random.choice(
        [
            ("POST", f"/_bulk?refresh={refresh}", lines),
            ("POST", f"/_bulk?refresh={refresh}", lines),
            ("PUT", f"/{index}/_doc/1?refresh={refresh}", document),
            ("POST", f"/{index}/_search", {"query": {"match": {"t": "words"}}}),
            ("POST", "/c*/_search", {"query": {"prefix": {"t": "w"}}, "aggs": {"n": {"value_count": {"field": "f1"}}}}),
            ("POST", f"/{index}/_search", {"query": {"knn": {"v": {"vector": [1, 1], "k": 3}}}}),
            ("GET", "/c*/_count", None),
            ("GET", f"/{index}/_doc/1", None),
            ("GET", "/_cat/indices", None),
            ("PUT", f"/{index}", {"settings": {"index.knn": True}, "mappings": {"properties": {"v": VECTOR}}}),
            ("PUT", f"/{index}/_mapping", {"properties": {f"g{random.randrange(60)}": {"type": "keyword"}}}),
            ("POST", f"/{index}/_flush", None),
            ("DELETE", f"/{index}", None),
        ]
    )


def test_whatever_comes_and_goes_no_request_fails_for_the_servers_own_reasons(server: str) -> None:
    def client(seed: int) -> Counter[tuple[int, str]]:
        random, answers = Random(seed), Counter[tuple[int, str]]()
        with requests.Session() as session:
            for _ in range(ROUNDS):
                method, path, body = request_of(random)
                rows = body if isinstance(body, list) else [body]
                content = "".join(json.dumps(row) + "\n" for row in rows) if body is not None else None
                headers = {"Content-Type": "application/json"} if body is not None else {}
                answer = session.request(method, server + path, data=content, headers=headers, timeout=30)
                answers[answer.status_code, answer.text if answer.status_code >= 500 else ""] += 1
                if "_bulk" in path and answer.status_code == 200:
                    for item in answer.json()["items"]:
                        error = item["index"].get("error", "")
                        answers[item["index"]["status"], str(error) if item["index"]["status"] >= 500 else ""] += 1
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = sum(pool.map(client, range(CLIENTS)), Counter[tuple[int, str]]())
    assert {status for status, _ in answers} >= {200, 201, 404}
    assert [answer for answer in answers if answer[0] >= 500] == []
