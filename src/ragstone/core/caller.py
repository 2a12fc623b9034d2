"""Who is asking: what a request says of its sender, for whoever decides what the sender may do."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Protocol

authorization: ContextVar[str | None] = ContextVar("authorization", default=None)
"""The `Authorization` header of the request being served, as it came; None outside requests, or when there is none.
Set by `rest.app`, read by engines. A secret: it goes to the cluster and nowhere else."""


class Signer(Protocol):
    """Who signed the request being served, the signature being good."""

    @property
    def arn(self) -> str:
        """`arn:aws:iam::<account>:user/<name>`, or of a session `arn:aws:sts::<account>:assumed-role/<role>/<name>`."""
        ...

    def require(self, action: str, resource: str, context: Mapping[str, str] | None = None) -> None:
        """Raises an error that says so (403) when the policies of the signer do not allow it; `context` has the keys
        of conditions (`iam:PassedToService`)."""
        ...


signer: ContextVar[Signer | None] = ContextVar("signer", default=None)
"""None outside requests, and while an unsigned one is served. Set by `rest.app` for every request."""

write_options: ContextVar[Mapping[str, str]] = ContextVar("write_options", default=MappingProxyType({}))
"""What the request being served says of its writes that only an engine of several nodes understands: `timeout` and
`wait_for_active_shards`, as they came. Set by `rest.gateway`."""
