"""The audit log's file, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ragstone.core.security_settings import AuditSettings
from ragstone.security.audit import AuditLog, asked
from ragstone.testing.clock import ManualClock

DAY = 86_400.0


@dataclass
class Sent:
    """A request."""

    method: str
    path: str
    uri: str
    headers: Mapping[str, str]
    address: str | None


def log(file: Path, clock: ManualClock | None = None, **settings: Any) -> AuditLog:
    return AuditLog(
        AuditSettings(**settings), file, clock or ManualClock(), {"audit_node_name": "n"}, secret_names=["x-token"]
    )


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_record_tells_of_the_request_without_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "audit.log"
    audit = log(file)
    audit.start()
    headers = {"authorization": "Basic c2VjcmV0", "x-token": "s3cret", "accept": "*/*"}
    token = asked.set(Sent("GET", "/books", "/books?pretty&X-Amz-Signature=abc&q=x", headers, "10.1.2.3"))
    audit.record("MISSING_PRIVILEGES", user="ann", audit_request_privilege="indices:data/read/search")
    asked.reset(token)
    audit.close()
    (record,) = lines(file)
    assert record == {
        "@timestamp": "1970-01-01T00:00:00.000Z",
        "audit_format_version": 4,
        "audit_request_layer": "REST",
        "audit_request_origin": "REST",
        "audit_node_name": "n",
        "audit_request_id": None,
        "audit_category": "MISSING_PRIVILEGES",
        "audit_request_effective_user": "ann",
        "audit_rest_request_method": "GET",
        "audit_rest_request_path": "/books",
        "audit_rest_request_headers": {
            "authorization": ["__REDACTED__"],
            "x-token": ["__REDACTED__"],
            "accept": ["*/*"],
        },
        "audit_rest_request_params": {"pretty": "", "X-Amz-Signature": "__REDACTED__", "q": "x"},
        "audit_request_remote_address": "10.1.2.3",
        "audit_request_privilege": "indices:data/read/search",
    }
    assert file.stat().st_mode & 0o777 == 0o600


def test_disabled_categories_are_not_written(tmp_path: Path) -> None:
    audit = log(tmp_path / "audit.log")
    audit.start()
    audit.record("AUTHENTICATED", user="ann")
    audit.record("FAILED_LOGIN")
    audit.close()
    assert [record["audit_category"] for record in lines(tmp_path / "audit.log")] == ["FAILED_LOGIN"]


def test_what_does_not_fit_is_counted_and_the_count_written(tmp_path: Path) -> None:
    audit = log(tmp_path / "audit.log", queue=2)
    for _ in range(5):  # nobody writes yet
        audit.record("FAILED_LOGIN")
    audit.start()
    audit.close()
    found = lines(tmp_path / "audit.log")
    assert [record["audit_category"] for record in found] == ["FAILED_LOGIN", "FAILED_LOGIN", "AUDIT_RECORDS_LOST"]
    assert found[-1]["audit_records_lost"] == 3


@pytest.mark.parametrize(("max_bytes", "passing"), [(4096, 0.0), (1_000_000, DAY)])
def test_a_full_file_and_one_of_yesterday_are_finished_and_few_are_kept(
    tmp_path: Path, max_bytes: int, passing: float
) -> None:
    clock = ManualClock(20_000 * DAY)
    for _ in range(5):
        audit = log(tmp_path / "audit.log", clock, max_bytes=max_bytes, keep=2)
        audit.start()
        for _ in range(30):
            audit.record("FAILED_LOGIN", user="x" * 100)
        audit.close()
        clock.time += passing
    finished = list(tmp_path.glob("audit-*.log"))
    assert len(finished) == 2
    assert all(0 < file.stat().st_size <= max_bytes for file in [*finished, tmp_path / "audit.log"])
