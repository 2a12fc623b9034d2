"""Who is asking: what a request says of its sender, for engines that let a cluster decide what the sender may do."""

from __future__ import annotations

from contextvars import ContextVar

authorization: ContextVar[str | None] = ContextVar("authorization", default=None)
"""The `Authorization` header of the request being served, as it came; None outside requests, or when there is none.
Set by `rest.app`, read by engines. A secret: it goes to the cluster and nowhere else."""
