from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from ragstone.core.clock import SystemClock
from ragstone.core.errors import IllegalStateException
from ragstone.engine.opensearch.client import ClusterClient, ServiceAccount
from ragstone.engine.opensearch.signing import AwsSigner, aws_signer
from ragstone.testing.cluster import Reply, ScriptedCluster

HOST = "https://search-x.eu-central-1.es.amazonaws.com"


@pytest.fixture
def credentials() -> Any:
    found = pytest.importorskip("botocore.credentials", reason="needs the extra [aws]")
    return found.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token")


@pytest.fixture
def signer(credentials: Any, monkeypatch: pytest.MonkeyPatch) -> AwsSigner:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)
    return AwsSigner(credentials, "eu-central-1")


async def test_a_request_is_signed_for_the_service_and_region(signer: AwsSigner) -> None:
    headers = await signer.headers("POST", f"{HOST}/a/_search", b"{}", {"content-type": "application/json", "x": "y"})
    assert headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/es/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
    )
    assert headers["x-amz-date"] == "20260102T030405Z"
    assert headers["x-amz-security-token"] == "session-token"
    assert headers["x-amz-content-sha256"] == hashlib.sha256(b"{}").hexdigest()
    assert "x" not in headers


async def test_serverless_is_another_service(signer: AwsSigner) -> None:
    headers = await signer.headers("GET", "https://abc.eu-central-1.aoss.amazonaws.com/", b"", {})
    assert "/eu-central-1/aoss/aws4_request" in headers["authorization"]


async def test_a_signature_covers_what_is_meant_and_not_how_it_is_spelled(signer: AwsSigner) -> None:
    async def signature(target: str, body: bytes = b"") -> str:
        return (await signer.headers("GET", HOST + target, body, {}))["authorization"]

    assert await signature("/a?q=a.*,b&p") == await signature("/a?p=&q=a.%2A%2Cb")
    different = {await signature(t) for t in ("/a", "/b", "/a?x=1", "/a%2Cb", "/a,b")}
    assert len(different) == 5
    assert await signature("/a") != await signature("/a", b"x")


async def test_credentials_are_renewed_off_the_event_loop(credentials: Any) -> None:
    import threading

    class OfARole:
        renewed_in = ""
        needed = True

        def refresh_needed(self) -> bool:
            return self.needed

        def get_frozen_credentials(self) -> Any:
            if self.needed:
                self.renewed_in, self.needed = threading.current_thread().name, False
            return credentials.get_frozen_credentials()

    role = OfARole()
    signer = AwsSigner(role, "eu-central-1")
    for _ in range(2):
        assert "authorization" in await signer.headers("GET", f"{HOST}/", b"", {})
    assert role.renewed_in not in ("", threading.main_thread().name)


async def test_a_role_that_can_not_be_had_is_a_503(credentials: Any) -> None:
    from botocore.exceptions import MetadataRetrievalError

    class OfARole:
        def get_frozen_credentials(self) -> Any:
            raise MetadataRetrievalError(error_msg="no answer")

    with pytest.raises(IllegalStateException, match="no AWS credentials to sign with") as raised:
        await AwsSigner(OfARole(), "eu-central-1").headers("GET", f"{HOST}/", b"", {})
    assert raised.value.status == 503


async def test_our_own_requests_carry_the_signature(cluster: ScriptedCluster, signer: AwsSigner) -> None:
    cluster.on("GET", "/x", Reply({}))
    client = ClusterClient([cluster.url], SystemClock(), account=ServiceAccount(signer=signer))
    try:
        await client.call("GET", "/x?a=1", as_service=True)
        await client.call("GET", "/x?a=1")
    finally:
        await client.close()
    ours, theirs = cluster.requests
    assert ours.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "authorization" not in theirs.headers


def test_credentials_come_from_the_environment(credentials: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert aws_signer("eu-central-1")._credentials.access_key == "AKIDEXAMPLE"


def test_no_credentials_at_all_is_told_at_the_start(credentials: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.Session.get_credentials", lambda session: None)
    with pytest.raises(IllegalStateException, match="none in the environment, in a profile, or of a role"):
        aws_signer("eu-central-1")


def test_a_missing_extra_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(IllegalStateException, match=r"pip install 'ragstone\[aws\]'"):
        aws_signer("eu-central-1")
