"""Logins, where security is on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import argon2
import bcrypt
import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import LoginSettings, SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import Answer, AsgiClient
from ragstone.testing.clock import ManualClock

PASSWORD = "Reef-Kettle-9271!"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    logins = LoginSettings(tries=3, tries_per_address=5, window=60, block=120)
    return replace(settings, security=SecuritySettings(enabled=True, logins=logins), initial_admin_password=PASSWORD)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(settings: Settings, clock: ManualClock) -> AsyncIterator[AsgiClient]:
    async with Node(settings, clock=clock) as node:
        yield AsgiClient(node.app)


def basic(name: str, password: str, scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


def is_refused(answer: Answer) -> bool:
    return (answer.status, answer.text, answer.headers["content-type"], answer.headers["www-authenticate"]) == (
        401, "Unauthorized", "text/plain; charset=UTF-8", 'Basic realm="OpenSearch Security"',
    )  # fmt: skip


@pytest.mark.parametrize(
    "header",
    [
        "Bearer abc",
        "Basic !!!",
        "Basic YWRtaW4=",
        "Basic",
        "Basic OnB3",
        "Basic YWRtaW46",
        "Basic /////w==",
        "Digest x",
    ],
)
async def test_what_is_no_login_is_refused_as_none(client: AsgiClient, header: str) -> None:
    assert is_refused(await client("GET /"))
    assert is_refused(await client("GET /", headers={"authorization": header}))


async def test_the_scheme_may_be_written_in_any_case(client: AsgiClient) -> None:
    assert (await client("GET /", headers=basic("admin", PASSWORD, "bAsIc"))).status == 200


async def test_a_wrong_password_and_an_unknown_user_are_refused_alike(client: AsgiClient) -> None:
    assert is_refused(await client("GET /", headers=basic("admin", "wrong")))
    assert is_refused(await client("GET /", headers=basic("nobody", PASSWORD)))
    assert (await client("GET /", headers=basic("admin", PASSWORD))).status == 200


async def test_unknown_paths_and_methods_are_told_before_the_login(client: AsgiClient) -> None:
    assert (await client("GET /no/such/route")).status == 400
    assert (await client("PATCH /_search")).status == 405
    assert (await client("OPTIONS /_search")).status == 200
    assert is_refused(await client("GET /_no_such_api"))
    assert is_refused(await client("POST /_bulk", b"{}\n"))


async def test_headers_that_only_nodes_send_are_refused(client: AsgiClient) -> None:
    headers = {**basic("admin", PASSWORD), "_opendistro_security_user": "admin"}
    answer = await client("GET /", headers=headers)
    assert answer.status == 403
    assert answer.json["error"]["reason"].startswith("Illegal parameter in http or transport request found.")


async def test_who_failed_too_often_is_refused_for_a_while(client: AsgiClient, clock: ManualClock) -> None:
    good = basic("admin", PASSWORD)
    assert (await client("GET /", headers=good)).status == 200
    for n in range(3):
        assert is_refused(await client("GET /", headers=basic("admin", f"wrong {n}")))
    assert is_refused(await client("GET /", headers=good))
    clock.time += 121
    assert (await client("GET /", headers=good)).status == 200


async def test_a_good_login_ends_the_count_of_slips(client: AsgiClient) -> None:
    good = basic("admin", PASSWORD)
    for _ in range(2):
        for n in range(2):
            assert is_refused(await client("GET /", headers=basic("admin", f"wrong {n}")))
        assert (await client("GET /", headers=good)).status == 200


async def test_one_address_may_not_try_many_users(client: AsgiClient) -> None:
    for n in range(5):
        assert is_refused(await client("GET /", headers=basic(f"user-{n}", "spring")))
    assert is_refused(await client("GET /", headers=basic("admin", PASSWORD)))


async def test_a_password_that_was_made_up_is_announced_once(settings: Settings) -> None:
    told: list[str] = []
    settings = replace(settings, initial_admin_password=None)
    for _ in range(2):
        async with Node(settings, announce_password=told.append) as node:
            assert len(told) == 1
            assert (await AsgiClient(node.app)("GET /", headers=basic("admin", told[0]))).status == 200


async def test_a_password_that_was_made_up_is_in_a_file_where_nobody_looks(settings: Settings) -> None:
    async with Node(replace(settings, initial_admin_password=None)) as node:
        file = settings.keys_folder / "initial_admin_password"
        assert file.stat().st_mode & 0o777 == 0o600
        assert (await AsgiClient(node.app)("GET /", headers=basic("admin", file.read_text().strip()))).status == 200


async def test_an_unknown_user_costs_what_a_wrong_password_does(
    client: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        work.append(hash.rpartition("$")[0].rpartition("$")[0])  # without salt and hash: what it costs
        return bool(verify(self, hash, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    for name in ("admin", "nobody"):
        assert is_refused(await client("GET /", headers=basic(name, "wrong")))
    assert len(work) == 2
    assert work[0] == work[1]


async def test_a_hash_that_was_brought_along_does_not_tell_whose_name_is_known(
    client: AsgiClient, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = {"hash": bcrypt.hashpw(b"Old-Harbour-7!", bcrypt.gensalt(4)).decode()}
    target = "PUT /_plugins/_security/api/internalusers/elder"
    assert (await client(target, brought, headers=basic("admin", PASSWORD))).status == 201
    work: set[str] = set()
    for module, name in ((bcrypt, "checkpw"), (argon2.PasswordHasher, "verify")):
        original = getattr(module, name)

        def counted(*given: Any, original: Any = original, name: str = name) -> bool:
            work.add(name)
            return bool(original(*given))

        monkeypatch.setattr(module, name, counted)
    for number in range(24):  # by chance all of one kind: once in 8 million runs
        password = "Old-Harbour-7!" if number % 2 else PASSWORD  # both are somebody's, and not theirs
        assert is_refused(await client("GET /", headers=basic(f"nobody{number}", password)))
        clock.time += 61
    assert work == {"checkpw", "verify"}


async def test_a_good_login_is_remembered_until_something_changes_or_time_is_over(
    client: AsgiClient, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        asked.append(password)
        return bool(verify(self, hash, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    good = basic("admin", PASSWORD)
    for _ in range(3):
        assert (await client("GET /", headers=good)).status == 200
    assert len(asked) == 1
    clock.time += 3601
    assert (await client("GET /", headers=good)).status == 200
    assert len(asked) == 2
    assert (await client("PUT /_plugins/_security/api/roles/r", {"description": "x"}, headers=good)).status == 201
    assert (await client("GET /", headers=good)).status == 200
    assert len(asked) == 3


async def test_a_new_password_counts_for_the_next_request(client: AsgiClient) -> None:
    user = "PUT /_plugins/_security/api/internalusers/ann"
    admin, other = basic("admin", PASSWORD), "Other-Kettle-1729!"
    assert (await client(user, {"password": PASSWORD}, headers=admin)).status == 201
    who = "GET /_plugins/_security/authinfo"
    assert (await client(who, headers=basic("ann", PASSWORD))).status == 200
    assert (await client(user, {"password": other}, headers=admin)).status == 200
    assert is_refused(await client(who, headers=basic("ann", PASSWORD)))
    assert (await client(who, headers=basic("ann", other))).status == 200
    assert (await client("DELETE /_plugins/_security/api/internalusers/ann", headers=admin)).status == 200
    assert is_refused(await client(who, headers=basic("ann", other)))


async def test_many_requests_at_once_check_a_password_once(client: AsgiClient) -> None:
    answers = await asyncio.gather(*(client("GET /", headers=basic("admin", PASSWORD)) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize(("host", "starts"), [("127.0.0.1", True), ("0.0.0.0", False)])
async def test_a_weak_first_password_is_taken_on_loopback_only(settings: Settings, host: str, starts: bool) -> None:
    weak = replace(settings, host=host, initial_admin_password="admin")
    if not starts:
        with pytest.raises(
            IllegalArgumentException, match=r"will not do for a server that listens on 0\.0\.0\.0: Weak"
        ):
            async with Node(weak):
                raise AssertionError("it started")
        return
    async with Node(weak) as node:
        assert (await AsgiClient(node.app)("GET /", headers=basic("admin", "admin"))).status == 200


async def test_the_first_password_counts_the_first_time_only(settings: Settings) -> None:
    async with Node(settings):
        pass
    async with Node(replace(settings, initial_admin_password="Other-Kettle-1729!")) as node:
        client = AsgiClient(node.app)
        assert is_refused(await client("GET /", headers=basic("admin", "Other-Kettle-1729!")))
        assert (await client("GET /", headers=basic("admin", PASSWORD))).status == 200
