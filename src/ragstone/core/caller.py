"""Who is asking: what a request says of its sender, for whoever decides what the sender may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

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


class NamedIndex(NamedTuple):
    """An index as permissions see it: rights on an alias are rights on its index."""

    name: str
    aliases: Sequence[str] = ()


DEFAULT_SALT = "e1ukloTsQlOgPquJ"
"""OpenSearch's own, of `plugins.security.compliance.salt`: known to everybody, so hashes of short values can be
guessed."""


@dataclass(frozen=True)
class IndexView:
    """What of an index a caller may see; not all of it, or there would be no view.

    `documents`: queries, as JSON text with the caller's own names and attributes put in, of which a document must match
    one; None shows all documents, none at all (`()`) shows nothing. `fields`: patterns of the fields shown (`name`,
    `crew.*`) or, behind a `~`, hidden; none means all. `masked`: fields shown as a hash (`name`, `name::SHA-512`,
    `name::/regex/::replacement`).
    """

    documents: tuple[str, ...] | None = None
    fields: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    salt: str = field(default=DEFAULT_SALT, repr=False)
    """What hashes of masked fields are salted with; 16 bytes of it count."""


class Subject(Protocol):
    """Who the request being served is from, and what they may do; `security.permissions` has the rules."""

    @property
    def name(self) -> str: ...

    @property
    def backend_roles(self) -> Sequence[str]: ...

    @property
    def roles(self) -> Sequence[str]:
        """The security roles they are mapped to, sorted."""
        ...

    def require(self, *actions: str) -> None:
        """Raises OpenSearchSecurityException (403) unless all these cluster actions are allowed."""
        ...

    def require_on(self, actions: Sequence[str], indices: Iterable[NamedIndex]) -> None:
        """Raises OpenSearchSecurityException (403) unless all actions are allowed on every one of the indices."""
        ...

    def allowed_on(self, action: str, index: NamedIndex) -> bool: ...

    def view(self, index: NamedIndex) -> IndexView | None:
        """What they see of an index that they may read; None: all of it."""
        ...


subject: ContextVar[Subject | None] = ContextVar("subject", default=None)
"""None where security is off, and while the node works for itself. Set by `rest.app` for every request.

Services ask before they act: one check per action of OpenSearch, in the method that is that action.
"""


def require(*actions: str) -> None:
    """The caller must be allowed these cluster actions. Raises OpenSearchSecurityException (403)."""
    who = subject.get()
    if who is not None:
        who.require(*actions)


@contextmanager
def as_node() -> Iterator[None]:
    """What happens inside is the node's own doing, whoever called."""
    token = subject.set(None)
    try:
        yield
    finally:
        subject.reset(token)


write_options: ContextVar[Mapping[str, str]] = ContextVar("write_options", default=MappingProxyType({}))
"""What the request being served says of its writes that only an engine of several nodes understands: `timeout` and
`wait_for_active_shards`, as they came. Set by `rest.gateway`."""
