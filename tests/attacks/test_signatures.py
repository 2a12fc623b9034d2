"""Requests that somebody changed, replays, or signs without the right to, as the server meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ragstone.core.ids import IdGenerator
from ragstone.core.settings import Settings
from ragstone.core.threadpool import ThreadPools
from ragstone.providers.api import TemporaryCredentials
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.identity.access_keys import AccessKeys, user_principal
from ragstone.providers.identity.local_sts import LocalSts
from ragstone.providers.identity.store import IdentityStore
from ragstone.testing.asgi import Answer
from ragstone.testing.secrecy import Secrecy

DOMAIN = "arn:aws:es:us-east-1:000000000000:domain/test-cluster"
WRONG, INVALID = "InvalidSignatureException", "UnrecognizedClientException"


@dataclass(frozen=True)
class Sent:
    """A request on its way."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str, value: str | None) -> Sent:
        kept = {other: its for other, its in self.headers.items() if other != name}
        return replace(self, headers=kept if value is None else {**kept, name: value})


class Signing:
    """A user with a session of theirs, and the clock that they sign by."""

    def __init__(self, target: Any, session: TemporaryCredentials) -> None:
        self.target = target
        self.session = session

    def __call__(
        self,
        method: str = "POST",
        target: str = "/docs/_search?size=1",
        body: bytes = b'{"query": {"match_all": {}}}',
        *,
        service: str = "es",
        secret: str | None = None,
        presigned: int | None = None,
    ) -> Sent:
        keys = Credentials(self.session.access_key_id, secret or self.session.secret, self.session.token)
        made = AWSRequest(method, f"http://localhost{target}", data=body, headers={"content-type": "application/json"})
        now = datetime.fromtimestamp(self.target.clock.time, UTC)
        auth = SigV4Auth(keys, service, "us-east-1")
        if presigned is not None:
            auth = SigV4QueryAuth(keys, service, "us-east-1", presigned)
        with patch("botocore.auth.get_current_datetime", lambda: now):
            auth.add_auth(made)
        parts = urlsplit(made.url)
        headers = {name.lower(): str(value) for name, value in made.headers.items()}
        return Sent(method, f"{parts.path}?{parts.query}", {**headers, "host": "localhost"}, body)

    async def send(self, sent: Sent, **more: Any) -> Answer:
        answer: Answer = await self.target(f"{sent.method} {sent.target}", sent.body, headers=sent.headers, **more)
        return answer

    async def outcome(self, sent: Sent) -> str:
        """`ok`, or the name of the refusal."""
        answer = await self.send(sent)
        if answer.status == 200:
            return "ok"
        assert answer.status == 403, answer.text
        return answer.headers["x-amzn-errortype"]


@pytest.fixture
async def sign(target: Any, settings: Settings, secrecy: Secrecy) -> Signing:
    assert (await target("PUT /docs/_doc/1?refresh=true", {"a": 1})).status == 201
    target.admin.create_user("ann")
    policy = {"Effect": "Allow", "Action": "es:*", "Resource": DOMAIN}
    target.admin.put_user_policy("ann", "p", {"Version": "2012-10-17", "Statement": [policy]})
    store, pools = IdentityStore(settings.data), ThreadPools(search=1, write=1, ml_predict=1)
    keys = AccessKeys(store, MasterKeyEncryptor(settings.keys_folder))
    directory = store.read()
    sts = LocalSts(store, keys, pools, target.clock, IdGenerator())
    session = await sts.session_token(user_principal(directory, directory.users["ann"]), {"DurationSeconds": "900"})
    pools.close()
    secrecy.secret(session.secret)
    secrecy.secret(session.token)
    return Signing(target, session)


async def test_what_is_signed_is_served_also_in_pieces_and_for_serverless(sign: Signing) -> None:
    assert await sign.outcome(sign()) == "ok"
    assert await sign.outcome(sign(service="aoss")) == "ok"
    assert (await sign.send(sign(), chunk=3)).status == 200
    assert await sign.outcome(sign("GET", "/docs/_doc/1", b"", presigned=60)) == "ok"


CHANGES: dict[str, tuple[Callable[[Sent], Sent], str]] = {
    "another body": (lambda r: replace(r, body=r.body.replace(b"match_all", b"match_non")), WRONG),
    "no body": (lambda r: replace(r, body=b""), WRONG),
    "a longer body": (lambda r: replace(r, body=r.body + b" "), WRONG),
    "another query": (lambda r: replace(r, target=r.target.replace("size=1", "size=9")), WRONG),
    "more query": (lambda r: replace(r, target=r.target + "&pretty"), WRONG),
    "no query": (lambda r: replace(r, target=r.target.partition("?")[0]), WRONG),
    "another path": (lambda r: replace(r, target=r.target.replace("/docs", "/secret")), WRONG),
    "another method": (lambda r: replace(r, method="PUT"), WRONG),
    "another host": (lambda r: r.header("host", "elsewhere"), WRONG),
    "another type": (lambda r: r.header("content-type", "application/x-ndjson"), WRONG),
    "no token": (lambda r: r.header("x-amz-security-token", None), INVALID),
    "another token": (lambda r: r.header("x-amz-security-token", r.headers["x-amz-security-token"][:-4] + "AAAA"), INVALID),
    "no date": (lambda r: r.header("x-amz-date", None), "IncompleteSignatureException"),
    "a header of a proxy's": (lambda r: r.header("x-amz-tracking", "1"), WRONG),
    "another key": (lambda r: r.header("authorization", r.headers["authorization"].replace("=ASIA", "=ASIB")), INVALID),
    "no authorization": (lambda r: r.header("authorization", None), "IncompleteSignatureException"),
    "a signature cut short": (lambda r: r.header("authorization", r.headers["authorization"][:-1]), "IncompleteSignatureException"),
    "fewer signed headers": (lambda r: r.header("authorization", r.headers["authorization"].replace("content-type;", "")), WRONG),
}  # fmt: skip


async def test_what_somebody_changed_is_refused(sign: Signing) -> None:
    sent = sign()
    outcomes = {name: await sign.outcome(change(sent)) for name, (change, _) in CHANGES.items()}
    assert outcomes == {name: code for name, (_, code) in CHANGES.items()}


async def test_who_does_not_know_the_secret_or_means_another_service_is_refused(sign: Signing) -> None:
    assert await sign.outcome(sign(secret=sign.session.secret[:-1])) == WRONG
    for service in ("iam", "s3", "secretsmanager"):
        assert await sign.outcome(sign(service=service)) == WRONG


@pytest.mark.parametrize("minutes", [6, -6])
async def test_a_request_is_good_for_five_minutes_around_its_date(sign: Signing, minutes: int) -> None:
    sent = sign()
    sign.target.clock.time += minutes * 50
    assert await sign.outcome(sent) == "ok"
    sign.target.clock.time += minutes * 10
    assert await sign.outcome(sent) == WRONG


async def test_a_session_ends_however_new_the_signature_is(sign: Signing) -> None:
    sign.target.clock.time += 899
    assert await sign.outcome(sign()) == "ok"
    sign.target.clock.time += 1
    assert await sign.outcome(sign()) == "ExpiredTokenException"


async def test_a_presigned_link_is_good_for_what_it_says_and_as_long(sign: Signing) -> None:
    link = sign("GET", "/docs/_doc/1", b"", presigned=60)
    for changed in (
        replace(link, target=link.target.replace("_doc/1", "_doc/2")),
        replace(link, target=link.target.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
        replace(link, target=link.target + "&routing=x"),
        replace(link, method="DELETE"),
    ):
        assert await sign.outcome(changed) == WRONG
    without_token = "&".join(part for part in link.target.split("&") if "Security-Token" not in part)
    assert await sign.outcome(replace(link, target=without_token)) == INVALID
    sign.target.clock.time += 60
    assert await sign.outcome(link) == "ok"
    sign.target.clock.time += 1
    assert await sign.outcome(link) == WRONG
