"""`client_config` of a connector: connections, timeouts, retries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, NumberFormatException, UnsupportedOperationException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields

BACKOFF_POLICIES = ("constant", "exponential_equal_jitter", "exponential_full_jitter")


@dataclass(frozen=True, kw_only=True)
class ClientConfig:
    """`connection_timeout`, `read_timeout` and `retry_timeout_seconds` are seconds; `max_retry_times` -1 means as often
    as the retry timeout allows.

    `Differs:` both timeouts default to 30, as later versions write it; 3.4 writes 30000 and means seconds too.
    """

    max_connection: int = 30
    connection_timeout: int = 30
    read_timeout: int = 30
    retry_backoff_millis: int = 200
    retry_timeout_seconds: int = 30
    max_retry_times: int = 0
    retry_backoff_policy: str = "constant"
    skip_ssl_verification: bool = False

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises NumberFormatException, IllegalArgumentException, UnsupportedOperationException, ParsingException."""
        fields = Fields(body)
        values: dict[str, Any] = {}
        for name, least in (
            ("max_connection", 1),
            ("connection_timeout", 1),
            ("read_timeout", 1),
            ("retry_backoff_millis", 0),
            ("retry_timeout_seconds", 0),
            ("max_retry_times", -1),
        ):
            text = fields.text(name)
            if text is not None:
                values[name] = _at_least(least, name, text)
        policy = fields.text("retry_backoff_policy")
        if policy is not None:
            if policy.lower() not in BACKOFF_POLICIES:
                raise IllegalArgumentException("Unsupported retry backoff policy")
            values["retry_backoff_policy"] = policy.lower()
        if fields.boolean("mutual_tls_enabled"):
            raise UnsupportedOperationException("client_config [mutual_tls_enabled] is not supported yet")
        values["skip_ssl_verification"] = fields.boolean("skip_ssl_verification") or False
        return cls(**values)

    def to_json(self) -> JsonObject:
        """Completed with the defaults."""
        body: JsonObject = {
            "max_connection": self.max_connection,
            "connection_timeout": self.connection_timeout,
            "read_timeout": self.read_timeout,
            "retry_backoff_millis": self.retry_backoff_millis,
            "retry_timeout_seconds": self.retry_timeout_seconds,
            "max_retry_times": self.max_retry_times,
            "retry_backoff_policy": self.retry_backoff_policy,
        }
        if self.skip_ssl_verification:
            body["skip_ssl_verification"] = True
        return body


def _at_least(least: int, name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise NumberFormatException.of(text) from None
    if number < least:
        raise IllegalArgumentException(f"client_config [{name}] must be at least {least}, but was {number}")
    return number
