"""What it costs to know who asks: searches with security on, and signed ones, against the same on an open server."""

from __future__ import annotations

import statistics
from base64 import b64encode
from collections.abc import Callable, Mapping

from benchmarks.cases._texts import INDEX, MAPPING, documents, encoded
from benchmarks.data import questions
from benchmarks.load import request
from benchmarks.measure import Row
from benchmarks.server import Server, bulk_body

from ragstone.core import json, log
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.administration import Administration, NewKey
from ragstone.providers.identity.store import IdentityStore

COUNT, ASKED, TURNS = 20_000, 400, 9
_PASSWORD = "Bench-Kettle-4711!"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "es:ESHttp*", "Resource": "*"}],
}
_PATH = f"/{INDEX}/_search"


def run() -> list[Row]:
    secured = {"RAGSTONE_SECURITY_ENABLED": "true", "RAGSTONE_INITIAL_ADMIN_PASSWORD": _PASSWORD}
    with Server() as off, Server(variables=secured) as on:
        on.headers = _basic("admin")
        for server in (off, on):
            _fill(server)
        _user(on, "reader", {})
        _user(on, "restricted", {"dls": json.encode({"range": {"price": {"gte": 0}}}).decode(), "fls": ["~tag"]})
        bodies = [
            json.encode({"query": {"match": {"text": text}}})
            for text in questions(ASKED, 3, range(1000, 20_000), seed=9)
        ]
        plain = [request("POST", _PATH, body) for body in bodies]
        key = _key(off)
        return [
            _share("search, security on", off, plain, on, lambda: _sent(bodies, _basic("reader"))).at_least(0.95),
            _share(
                "search, documents and fields restricted", off, plain, on, lambda: _sent(bodies, _basic("restricted"))
            ),
            _added(off, plain, lambda: [_signed(body, key) for body in bodies]),
        ]


def _share(name: str, off: Server, plain: list[bytes], on: Server, asked: Callable[[], list[bytes]]) -> Row:
    ours, open_ = _turns(off, plain, on, asked)
    ratios = [theirs / mine for theirs, mine in zip(open_, ours, strict=True)]
    return Row(
        f"{name} (p50)",
        statistics.median(ours) * 1000,
        statistics.median(open_) * 1000,
        "ms",
        statistics.median(ratios),
        (max(ratios) - min(ratios)) / statistics.median(ratios),
        "-",
        "a server without security",
    )


def _added(off: Server, plain: list[bytes], asked: Callable[[], list[bytes]]) -> Row:
    signed, unsigned = _turns(off, plain, off, asked)
    added = [(mine - theirs) * 1000 for mine, theirs in zip(signed, unsigned, strict=True)]
    middle = statistics.median(added)
    return Row(
        "search signed with SigV4, what that adds (p50)",
        middle,
        None,
        "ms",
        None,
        None,
        f"{min(added):.2g} to {max(added):.2g} ms in {len(added)} turns",
        "the same server, not signed",
    ).wanting("<= 0.3 ms", middle <= 0.3)


def _turns(
    off: Server, plain: list[bytes], on: Server, asked: Callable[[], list[bytes]]
) -> tuple[list[float], list[float]]:
    """Middle answers of either, in seconds, a pair for each turn."""
    ours, open_ = [], []
    for turn in range(TURNS + 1):
        before = off.load(plain).percentile(50)
        # A signature is good for five minutes: each turn has its own.
        mine = on.load(asked()).percentile(50)
        if turn:
            open_.append(before)
            ours.append(mine)
    return ours, open_


def _fill(server: Server) -> None:
    server(f"PUT /{INDEX}", MAPPING)
    sources = encoded(documents(COUNT, 10, 20))
    for at in range(0, COUNT, 1000):
        server("POST /_bulk", bulk_body(INDEX, sources[at : at + 1000], at))
    server(f"POST /{INDEX}/_refresh")


def _user(server: Server, name: str, restriction: Mapping[str, object]) -> None:
    """With the right to search, and nothing else."""
    permission = {"index_patterns": [f"{INDEX}*"], "allowed_actions": ["search"], **restriction}
    server(f"PUT /_plugins/_security/api/roles/{name}", {"index_permissions": [permission]})
    user = {"password": _PASSWORD, "opendistro_security_roles": [name]}
    server(f"PUT /_plugins/_security/api/internalusers/{name}", user)


def _basic(name: str) -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{name}:{_PASSWORD}'.encode()).decode()}"}


def _sent(bodies: list[bytes], headers: Mapping[str, str]) -> list[bytes]:
    return [request("POST", _PATH, body, headers=headers) for body in bodies]


def _key(server: Server) -> NewKey:
    log.configure("error")
    data = server.folder / "data"
    identities = Administration(IdentityStore(data), MasterKeyEncryptor(data / "keys"), SystemClock(), IdGenerator())
    identities.create_user("reader")
    identities.put_user_policy("reader", "all", _POLICY)
    return identities.create_access_key("reader")


def _signed(body: bytes, key: NewKey) -> bytes:
    """As a client of the tutorial signs it."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    asked = AWSRequest("POST", f"http://localhost{_PATH}", {"content-type": "application/json"}, body)
    SigV4Auth(Credentials(key.id, key.secret), "es", "us-east-1").add_auth(asked)
    headers = {name: value for name, value in asked.headers.items() if name.lower() != "content-type"}
    return request("POST", _PATH, body, headers=headers)
