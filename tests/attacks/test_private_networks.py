"""Connectors as a way into the network that the server stands in. The operator of these tests trusts every URL, and has
not allowed private addresses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.providers.http.addresses import Address
from ragstone.providers.http.transport import AiohttpTransport
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.secrecy import Secrecy

ML = "/_plugins/_ml"

METADATA = [
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0XA9FEA9FE",
    "025177524776",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "169.16689662",
    "169.254.169.254.",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[::ffff:0:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "192.0.0.192",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "169。254。169。254",
    "169%2E254.169.254",
]
INSIDE = [
    "localhost",
    "localhost.",
    "LOCALHOST",
    "127.0.0.1",
    "127.1",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x7f.1",
    "017700000001",
    "[::]",
    "[::1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::ffff:127.0.0.1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fec0::1]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
]


@dataclass
class Trap:
    """A server on this machine that nobody may reach, unless by a name that was said to be elsewhere."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    answer: bytes = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{"key":"sk-"}'

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.read(65536))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def trap() -> AsyncIterator[Trap]:
    trap = Trap()
    server = await asyncio.start_server(trap.take, "127.0.0.1", 0)
    trap.port = server.sockets[0].getsockname()[1]
    async with server:
        yield trap


class Attacker:
    """Somebody who may make connectors and call models."""

    def __init__(self, client: AsgiClient, secrecy: Secrecy) -> None:
        self._client = client
        self._key = secrecy.secret("sk-c0ffee-what-the-attacker-holds")

    async def call(self, url: str, **members: Any) -> Answer:
        return await self.predict(await self.model(url, **members))

    async def model(self, url: str, **members: Any) -> str:
        action = {"action_type": "predict", "method": "POST", "url": url, "request_body": "{}"}
        body = {
            "name": "c", "version": "1", "protocol": "http", "credential": {"key": self._key}, "client_config": {"max_retry_times": 0}, "actions": [action], **members,
        }  # fmt: skip
        made = await self._client(f"POST {ML}/connectors/_create", body)
        assert made.status == 200, made.text
        named = {"name": "m", "function_name": "remote", "connector_id": made.json["connector_id"]}
        return str((await self._client(f"POST {ML}/models/_register?deploy=true", named)).json["model_id"])

    async def predict(self, model: str, **parameters: Any) -> Answer:
        return await self._client(f"POST {ML}/models/{model}/_predict", {"parameters": parameters})


async def attacker_on(node: Node, secrecy: Secrecy) -> Attacker:
    client = AsgiClient(node.app)
    trusted = {"plugins.ml_commons.trusted_connector_endpoints_regex": ["^.*$"]}
    assert (await client("PUT /_cluster/settings", {"persistent": trusted})).status == 200
    return Attacker(client, secrecy)


@pytest_asyncio.fixture
async def attacker(node: Node, secrecy: Secrecy) -> Attacker:
    return await attacker_on(node, secrecy)


async def test_the_metadata_service_is_reached_by_no_spelling(attacker: Attacker) -> None:
    models = [await attacker.model("${parameters.url}", **members) for members in ({}, AWS)]
    answers = {
        (host, model): await attacker.predict(model, url=f"http://{host}/latest/meta-data/iam/security-credentials/")
        for host in METADATA
        for model in models
    }
    assert {asked: answer.text for asked, answer in answers.items() if not refused(answer)} == {}


AWS = {
    "protocol": "aws_sigv4",
    "credential": {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "s"},
    "parameters": {"service_name": "es", "region": "us-east-1"},
}


def refused(answer: Answer) -> bool:
    """Before anybody was connected to: the address is private, or no name server knows such a name."""
    reason = str(answer.json["error"]["reason"])
    private = reason.startswith("Remote inference host name has private ip address: ")
    return answer.status == 400 and (
        private
        or reason.endswith((": Name or service not known", "Please update the endpoint in connection configuration: "))
    )


async def test_this_machine_and_its_network_are_reached_by_no_spelling(attacker: Attacker, trap: Trap) -> None:
    model = await attacker.model("${parameters.url}")
    answers = {host: await attacker.predict(model, url=f"http://{host}:{trap.port}/") for host in INSIDE}
    assert {host: answer.text for host, answer in answers.items() if not refused(answer)} == {}
    assert trap.heard == []


CONFUSING = [
    "http://models.test@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@models.test/",
    "http://127.0.0.1:{port}#@models.test/",
    "http://models.test:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}?@models.test/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http://[::1%]:{port}/",
    "http://127.0.0.1:{port}\t.models.test/",
    "HTTP://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "//127.0.0.1:{port}/",
]


async def test_urls_that_parsers_read_differently_lead_nowhere(attacker: Attacker, trap: Trap) -> None:
    model = await attacker.model("${parameters.url}")
    answers = {url: await attacker.predict(model, url=url.format(port=trap.port)) for url in CONFUSING}
    assert {url: answer.text for url, answer in answers.items() if answer.status != 400} == {}
    assert trap.heard == []


async def test_a_host_in_a_parameter_is_no_way_around(attacker: Attacker, trap: Trap) -> None:
    model = await attacker.model("http://${parameters.host}/")
    for host in (
        f"127.0.0.1:{trap.port}",
        f"x@127.0.0.1:{trap.port}",
        f"127.0.0.1:{trap.port}/#",
        "${parameters.host}",
    ):
        assert (await attacker.predict(model, host=host)).status == 400
    assert trap.heard == []


class Names:
    """A name server that answers what it is told to."""

    def __init__(self) -> None:
        self.addresses: Sequence[Address] = ()
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked += 1
        return self.addresses


async def test_a_name_is_judged_by_the_address_that_is_connected_to(
    settings: Settings, trap: Trap, secrecy: Secrecy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is first looked at, private a moment later, or both at once."""
    names, started, passed = Names(), time.monotonic(), 0.0
    monkeypatch.setattr("aiohttp.connector.monotonic", lambda: started + passed)  # it remembers names for seconds
    async with Node(settings, transport=AiohttpTransport(names)) as node:
        attacker = await attacker_on(node, secrecy)
        model = await attacker.model(f"http://rebinding.example:{trap.port}/")
        names.addresses = [Address("127.0.0.1", trap.port, exempt=True)]  # said to be public
        assert (await attacker.predict(model)).status == 200
        assert (len(trap.heard), names.asked) == (1, 1)
        for names.addresses in (
            [Address("127.0.0.1", trap.port)],
            [Address("93.184.216.34", trap.port), Address("127.0.0.1", trap.port)],
            [Address("::ffff:127.0.0.1", trap.port)],
        ):
            passed += 60
            answer = await attacker.predict(model)
            assert (
                answer.json["error"]["reason"] == "Remote inference host name has private ip address: rebinding.example"
            )
    assert (len(trap.heard), names.asked) == (1, 4)


async def test_an_answer_that_points_inside_is_not_followed(settings: Settings, trap: Trap, secrecy: Secrecy) -> None:
    inside = Trap()
    server = await asyncio.start_server(inside.take, "127.0.0.1", 0)
    inside.port = server.sockets[0].getsockname()[1]
    names = Names()
    names.addresses = [Address("127.0.0.1", trap.port, exempt=True)]
    async with server, Node(settings, transport=AiohttpTransport(names)) as node:
        attacker = await attacker_on(node, secrecy)
        for status in (301, 302, 303, 307, 308):
            trap.answer = (
                f"HTTP/1.1 {status} Moved\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 2\r\n"
                "Refresh: 0; url=http://127.0.0.1/\r\nConnection: close\r\n\r\n{}"
            ).encode()
            answer = await attacker.call(f"http://models.example:{trap.port}/")
            assert (answer.status, answer.json["error"]["reason"]) == (status, "Error from remote service: {}")
    assert inside.heard == []
    assert len(trap.heard) == 5


async def test_an_address_that_the_operator_has_restricted_is_refused_though_private_ones_are_allowed(
    settings: Settings, trap: Trap, secrecy: Secrecy
) -> None:
    transport = AiohttpTransport(restricted=[r"169\.254\..*", r"127\.0\.0\.1"])
    async with Node(settings, transport=transport) as node:
        attacker = await attacker_on(node, secrecy)
        allowed = {"plugins.ml_commons.connector.private_ip_enabled": True}
        assert (await AsgiClient(node.app)("PUT /_cluster/settings", {"persistent": allowed})).status == 200
        for host in ("127.0.0.1", "localhost", "169.254.169.254"):
            answer = await attacker.call(f"http://{host}:{trap.port}/")
            assert answer.json["error"]["reason"] == f"Remote inference host name has restricted ip address: {host}"
    assert trap.heard == []
