"""The audit log: who was refused what, and who changed the rules; JSON lines in a file, named as OpenSearch names them.

No request waits for it. Records are handed to a thread through a bounded queue; what does not fit is counted, and the
number is written down as soon as there is room (`AUDIT_RECORDS_LOST`). Bodies of requests are not written, headers
and parameters that hold secrets without them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from queue import Full, Queue
from typing import IO, Any, Final, Literal, Protocol

from ragstone.core import caller, json
from ragstone.core.clock import Clock, iso_instant
from ragstone.core.log import get_logger, request_id
from ragstone.core.security_settings import AuditSettings

Category = Literal[
    "FAILED_LOGIN",
    "AUTHENTICATED",
    "MISSING_PRIVILEGES",
    "BAD_HEADERS",
    "SSL_EXCEPTION",
    "API_TOKEN_WRITE",
    "COMPLIANCE_INTERNAL_CONFIG_WRITE",
]
_LOST: Final = "AUDIT_RECORDS_LOST"
_FORMAT_VERSION: Final = 4
_REDACTED: Final = "__REDACTED__"
_SECRET: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-amz-security-token", "x-amz-signature", "x-amz-credential"}
)
"""Headers and parameters that are, or hold, credentials."""

log = get_logger("audit")


class Asked(Protocol):
    """The request that is being served, as far as the log tells of it."""

    method: str
    path: str
    uri: str
    headers: Mapping[str, str]
    address: str | None


asked: ContextVar[Asked | None] = ContextVar("asked", default=None)
"""None outside requests. Set by whoever asks for the login."""


class AuditLog:
    """Writes from `start` to `close`. `secret_names` are further headers and parameters to be left out, in lower case.

    `origin` is what every record says of this node (`audit_node_name`, ...).
    """

    def __init__(
        self,
        settings: AuditSettings,
        file: Path,
        clock: Clock,
        origin: Mapping[str, str],
        *,
        secret_names: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._origin = dict(origin)
        self._secret = _SECRET | set(secret_names)
        self._disabled = frozenset(settings.disabled_categories)
        self._queue: Queue[bytes | None] = Queue(settings.queue)
        self._lost = 0
        self._file = _RotatedFile(file, settings.max_bytes, settings.keep, clock)
        self._thread = threading.Thread(target=self._write, name="audit", daemon=True)

    def start(self) -> None:
        """Raises OSError when the file cannot be written."""
        self._file.open()
        self._thread.start()

    def close(self) -> None:
        """What waits is written first."""
        if self._lost:
            self._queue.put(self._line(self._loss()))
        self._queue.put(None)
        self._thread.join()
        self._file.close()

    def record(self, category: Category, *, user: str | None = None, **facts: Any) -> None:
        """`user` is who is or claims to be asking. `facts` are further fields. Never blocks."""
        if category in self._disabled:
            return
        record: dict[str, Any] = {"audit_category": category, "audit_request_effective_user": user or "<NONE>"}
        request = asked.get()
        if request is not None:
            record |= self._of(request)
        self._put(record | {name: value for name, value in facts.items() if value})

    def configuration_changed(self, kind: str, names: Sequence[str]) -> None:
        """Somebody has changed users, roles or such."""
        who = caller.subject.get()
        name = None if who is None else who.name
        self.record("COMPLIANCE_INTERNAL_CONFIG_WRITE", user=name, audit_request_kind=kind, audit_trace_doc_id=names)

    def _of(self, request: Asked) -> dict[str, Any]:
        headers = {name: [self._shown(name, value)] for name, value in request.headers.items()}
        found: dict[str, Any] = {
            "audit_rest_request_method": request.method,
            "audit_rest_request_path": request.path,
            "audit_rest_request_headers": headers,
        }
        query = request.uri.partition("?")[2]
        if query:
            pairs = (pair.partition("=") for pair in query.split("&") if pair)
            found["audit_rest_request_params"] = {name: self._shown(name, value) for name, _, value in pairs}
        if request.address is not None:
            found["audit_request_remote_address"] = request.address
        return found

    def _shown(self, name: str, value: str) -> str:
        return _REDACTED if name.lower() in self._secret else value

    def _put(self, record: dict[str, Any]) -> None:
        if self._lost and self._offer(self._loss()):
            self._lost = 0
        if not self._offer(record):
            self._lost += 1

    def _loss(self) -> dict[str, Any]:
        return {"audit_category": _LOST, "audit_records_lost": self._lost}

    def _offer(self, record: dict[str, Any]) -> bool:
        try:
            self._queue.put_nowait(self._line(record))
        except Full:
            return False
        return True

    def _line(self, record: dict[str, Any]) -> bytes:
        line = json.encode(
            {
                "@timestamp": iso_instant(self._clock.now()),
                "audit_format_version": _FORMAT_VERSION,
                "audit_request_layer": "REST",
                "audit_request_origin": "REST",
                **self._origin,
                "audit_request_id": request_id.get(),
                **record,
            }
        )
        return line + b"\n"

    def _write(self) -> None:
        failing = False
        while (line := self._queue.get()) is not None:
            try:
                self._file.write(line)
                failing = False
            except OSError as error:
                if not failing:
                    log.error("the audit log cannot be written", file=str(self._file.path), reason=str(error))
                failing = True


class _RotatedFile:
    """Only its owner can read it. A finished file is named by the time at which it was finished."""

    def __init__(self, path: Path, max_bytes: int, keep: int, clock: Clock) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._clock = clock
        self._out: IO[bytes] | None = None
        self._day = ""

    def open(self) -> None:
        """Raises OSError."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = self.path.open("ab")
        self.path.chmod(0o600)
        # A file of another day is finished by the first record of today.
        begun = self.path.stat().st_mtime if out.tell() else self._clock.now()
        self._out, self._day = out, _day(begun)

    def write(self, line: bytes) -> None:
        """Raises OSError."""
        if self._out is None:
            self.open()
        elif self._out.tell() and (self._out.tell() + len(line) > self._max_bytes or self._day != self._today()):
            self._finish()
        assert self._out is not None
        self._out.write(line)
        self._out.flush()

    def close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    def _today(self) -> str:
        return _day(self._clock.now())

    def _finish(self) -> None:
        self.close()
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%S%f")
        stem, number = f"{self.path.stem}-{stamp}", 0
        while (target := self.path.with_name(f"{stem}-{number:04d}{self.path.suffix}")).exists():
            number += 1
        self.path.rename(target)
        finished = sorted(self.path.parent.glob(f"{self.path.stem}-*{self.path.suffix}"))
        for old in finished[: -self._keep]:
            old.unlink()
        self.open()


def _day(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()
