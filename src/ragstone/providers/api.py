"""Contracts of the outside world. Services are handed implementations by `node.py`; tests hand in fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ragstone.core.clock import Deadline

Vectors = NDArray[np.float32]
"""Shape (texts, dimension)."""


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One outbound request. `headers` may hold secrets: it is left out of `repr`.

    Times are in seconds. `allow_private=False` refuses hosts that resolve to a private address, at connect time, for
    every address of the host.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False, default=None)
    connect_timeout: float = 30.0
    read_timeout: float = 30.0
    max_connections: int = 30
    verify_tls: bool = True
    allow_private: bool = False
    max_response: int = 100_000_000
    """Bytes."""


@dataclass(frozen=True)
class HttpResponse:
    status: int
    headers: Mapping[str, str]
    """Names in lower case; a repeated header's values are joined by `, `."""
    body: bytes
    """Already inflated."""


class HttpTransport(Protocol):
    async def send(self, request: HttpRequest, deadline: Deadline | None = None) -> HttpResponse:
        """Send once; redirects are not followed.

        Raises HttpTransportError with the kind of failure. Cancelling the caller cancels the request.
        """
        ...

    async def close(self) -> None: ...


class HttpTransportError(Exception):
    """A request that got no whole answer. `message` reads like OpenSearch's (`Read timed out`, ...).

    kind: `private_address`, `restricted_address`, `unknown_host`, `connect`, `timeout` (read timeout or deadline),
    `pool` (no free connection in time), `broken_body` (cut short), `too_large`, `tls`.
    """

    def __init__(
        self,
        kind: Literal[
            "private_address",
            "restricted_address",
            "unknown_host",
            "connect",
            "timeout",
            "pool",
            "broken_body",
            "too_large",
            "tls",
        ],
        message: str,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


# ── embedding models that run here ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PretrainedModel:
    """One entry of the catalogue of models that OpenSearch publishes under a name."""

    name: str
    """`huggingface/sentence-transformers/all-MiniLM-L6-v2`."""
    versions: tuple[str, ...]
    formats: tuple[str, ...]
    function_name: str
    dimension: int | None
    model_type: str | None = None
    framework_type: str | None = None
    pull_name: str | None = None
    """What `ragstone models pull` calls it; None when nobody offers its weights in a way that we can fetch."""


class EmbeddingModel(Protocol):
    """A loaded model. Blocking: call it in the `ml_predict` pool. Safe from several threads."""

    dimension: int

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in order. Over-long texts are cut at the model's limit."""
        ...


class EmbeddingRuntime(Protocol):
    def catalogue(self) -> Sequence[PretrainedModel]: ...

    def locate(self, name: str) -> Path:
        """The folder with the weights of a pretrained model.

        Raises ModelNotAvailable, whose message says what is needed to get it.
        """
        ...

    def load(self, name: str) -> EmbeddingModel:
        """Read the weights; blocking, a tenth of a second for MiniLM. Raises ModelNotAvailable."""
        ...


class ModelNotAvailable(Exception):
    """The weights, or the libraries to run them, are not here. The message tells the user what to do."""


# ── secrets at rest ──────────────────────────────────────────────────────────────────────────────────────────────────


class Encryptor(Protocol):
    def seal(self, text: str, context: str) -> str:
        """Authenticated encryption to printable text. Only the same `context` opens it again."""
        ...

    def open(self, sealed: str, context: str) -> str:
        """Raises SealBroken when key, context or text do not fit."""
        ...


class SealBroken(Exception):
    """A sealed text that this node's master key does not open."""


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class SecretValue:
    """One version of a secret. Exactly one of `text` and `binary` is there; neither is shown by `repr`."""

    arn: str
    name: str
    version: str
    stages: tuple[str, ...]
    """`AWSCURRENT`, `AWSPREVIOUS` or labels of the owner's."""
    created: float
    """Seconds since the epoch."""
    text: str | None = field(default=None, repr=False)
    binary: bytes | None = field(default=None, repr=False)


class SecretsProvider(Protocol):
    """Where the secrets are that connectors name by ARN."""

    async def fetch(self, arn: str, role: str | None, session: str) -> SecretValue:
        """The current value, read anew: nothing is cached here.

        `role` is the ARN of the role to read it as, None to read it as this node; `session` names the reader in the
        trail of the role's use. Raises SecretError.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class SecretDescription:
    """What may be said of a secret without its value. Times are seconds since the epoch."""

    arn: str
    name: str
    description: str
    created: float
    changed: float
    deleted: float | None
    """When it was marked for deletion; None while it is in use."""
    gone: float | None
    """When it will be removed for good."""
    versions: tuple[tuple[str, tuple[str, ...]], ...]
    """Version ids and their stages, oldest first."""


class SecretsStore(Protocol):
    """Secrets that are kept here. Blocking. A secret is named by its name, its ARN, or its ARN without the suffix.

    Everything raises SecretError.
    """

    def place(self, secret: str) -> str:
        """The ARN of a secret; of one that is not there, what its ARN would begin with."""
        ...

    def create(
        self, name: str, value: str | bytes, *, description: str = "", version: str | None = None
    ) -> SecretValue: ...

    def put(
        self, secret: str, value: str | bytes, *, version: str | None = None, stages: Sequence[str] = ("AWSCURRENT",)
    ) -> SecretValue: ...

    def get(self, secret: str, *, version: str | None = None, stage: str | None = None) -> SecretValue: ...

    def describe(self, secret: str) -> SecretDescription: ...

    def list_secrets(self, *, with_deleted: bool = False) -> list[SecretDescription]: ...

    def delete(self, secret: str, *, recovery_days: int | None = 30) -> SecretDescription: ...

    def restore(self, secret: str) -> SecretDescription: ...


class SecretError(Exception):
    """A secret, or keys of a role, that cannot be had, or not be changed. `code` is AWS's word for it:
    `ResourceNotFoundException`, `AccessDeniedException`, `InvalidRequestException`, ... The message holds no secret; it
    may hold ARNs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# ── AWS, as somebody whom it knows ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class AwsKeys:
    """What requests to AWS are signed with."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False, default=None)
    """Temporary keys have one."""
    expires: float | None = None
    """Seconds since the epoch; None for keys that stay, or that somebody else renews."""


class AwsRoles(Protocol):
    """Keys of the roles that connectors name."""

    async def assume(
        self, roles: Sequence[str], session: str, region: str, *, refused: AwsKeys | None = None
    ) -> AwsKeys:
        """The keys of the last of `roles` (ARNs). The first is assumed as this node, each other with the keys of the
        one before it. No roles mean this node itself, where its operator allows that.

        `session` names the user of the keys in the trail of the roles' use; `region` says whose token service is asked.
        Keys may be kept until shortly before they end; `refused` are some that were given here and that AWS takes no
        more. Raises SecretError.
        """
        ...


# ── identities off AWS, in AWS's words ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Principal:
    """A user, or a session of a role."""

    arn: str
    """Of a session the `assumed-role` one."""
    identity_arn: str
    """Whose policies count: of a session the role's own ARN."""
    user_id: str
    """`AIDA…`, or of a session `AROA…:<session name>`."""
    account: str

    @property
    def is_session(self) -> bool:
        return self.arn != self.identity_arn


@dataclass(frozen=True)
class SigningKey:
    """What a signature is checked with."""

    principal: Principal
    secret: str = field(repr=False)
    expires: float | None = None
    """Seconds since the epoch; None for keys that stay."""


@dataclass(frozen=True)
class Verdict:
    """Whether policies allow something; `explicit` when a statement denies it, not just none allows it."""

    allowed: bool
    explicit: bool = False


class Identities(Protocol):
    """Users, roles and keys. Reads small files when they have changed; safe from several threads."""

    @property
    def account(self) -> str:
        """Twelve digits."""
        ...

    @property
    def has_roles(self) -> bool: ...

    def signing_key(self, access_key_id: str, token: str | None) -> SigningKey | None:
        """None for an unknown or inactive key, and when the token is not the one that belongs to it."""
        ...

    def decide(
        self, principal: Principal, action: str, resources: Sequence[str], context: Mapping[str, str]
    ) -> Verdict:
        """By the identity's own policies. `resources` are names of one and the same thing."""
        ...

    def service_may(self, service: str, role_arn: str, action: str, resource: str) -> Verdict:
        """Whether an AWS service (`es.amazonaws.com`) may assume a role, and the role may do that."""
        ...


@dataclass(frozen=True)
class TemporaryCredentials:
    """Keys of a session."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: float
    """Seconds since the epoch."""
    principal: Principal


class SecurityTokens(Protocol):
    """AWS's Security Token Service, as far as it is here."""

    async def assume_role(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        """Raises TokenRefused."""
        ...

    async def session_token(self, caller: Principal, parameters: Mapping[str, str]) -> TemporaryCredentials:
        """Raises TokenRefused."""
        ...


class TokenRefused(Exception):
    """`code` is AWS's (`AccessDenied`, `ValidationError`)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
