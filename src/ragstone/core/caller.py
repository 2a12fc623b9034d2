"""Who is asking: what a request says of its sender, for whoever decides what the sender may do."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
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
