"""What of requests gets into the audit log."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.node import Node
from ragstone.testing.asgi import AsgiClient

PASSWORD = "Reef-Kettle-9271!"


async def test_refused_logins_and_spoofed_headers_are_written_without_secrets(settings: Settings) -> None:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        right, wrong = (base64.b64encode(f"admin:{word}".encode()).decode() for word in (PASSWORD, "wr0ng"))
        await client("GET /?pretty")
        await client("GET /", headers={"authorization": f"Basic {wrong}"})
        await client("GET /", headers={"authorization": f"Basic {right}", "_opendistro_security_x": "1"})
        assert (await client("GET /", headers={"authorization": f"Basic {right}"})).status == 200
        assert (
            await client(
                "GET /_plugins/_ml/connectors/x", headers={"x-amz-date": "x", "authorization": "AWS4-HMAC-SHA256 x"}
            )
        ).status == 403
    text = settings.audit_file.read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert [(r["audit_category"], r["audit_request_effective_user"]) for r in records] == [
        ("FAILED_LOGIN", "<NONE>"), ("FAILED_LOGIN", "admin"), ("BAD_HEADERS", "<NONE>"), ("FAILED_LOGIN", "<NONE>"),
    ]  # fmt: skip
    assert records[0]["audit_rest_request_params"] == {"pretty": ""}
    assert records[0]["audit_node_name"] == "test-node"
    assert PASSWORD not in text
    assert right not in text
    assert wrong not in text


async def test_without_security_and_without_the_setting_nothing_is_written(settings: Settings) -> None:
    quiet = SecuritySettings(enabled=True, audit=replace(SecuritySettings().audit, enabled=False))
    for security in (SecuritySettings(), quiet):
        async with Node(replace(settings, security=security, initial_admin_password=PASSWORD)) as node:
            await AsgiClient(node.app)("GET /")
    assert not settings.audit_file.exists()


async def test_missing_rights_and_changes_of_users_are_written(settings: Settings) -> None:
    settings = replace(settings, security=SecuritySettings(enabled=True), initial_admin_password=PASSWORD)
    async with Node(settings) as node:
        client = AsgiClient(node.app)
        admin, ann = (
            {"authorization": f"Basic {base64.b64encode(f'{name}:{PASSWORD}'.encode()).decode()}"}
            for name in ("admin", "ann")
        )
        made = await client("PUT /_plugins/_security/api/internalusers/ann", {"password": PASSWORD}, headers=admin)
        assert made.status == 201
        assert (await client("PUT /books", {}, headers=ann)).status == 403
    records = [json.loads(line) for line in settings.audit_file.read_text().splitlines()]
    changed, missing = records
    assert changed["audit_category"] == "COMPLIANCE_INTERNAL_CONFIG_WRITE"
    assert (changed["audit_request_effective_user"], changed["audit_trace_doc_id"]) == ("admin", ["ann"])
    assert missing["audit_category"] == "MISSING_PRIVILEGES"
    assert missing["audit_request_effective_user"] == "ann"
    assert missing["audit_request_privilege"] == "indices:admin/create"
    assert missing["audit_rest_request_path"] == "/books"
