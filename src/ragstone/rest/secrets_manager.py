"""The wire protocol of AWS Secrets Manager over the secrets that are kept here: `POST /`, JSON 1.1, the operation in
`X-Amz-Target`.

Who may is one question, `caller_may`: a signer needs the right that AWS would ask for, and without a signature nobody
may. Everything else on this machine's own interface is served unsigned, but gives no credential away; this would.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from ragstone.core import caller, json
from ragstone.core.errors import JavaException, OpenSearchException
from ragstone.core.log import request_id
from ragstone.core.threadpool import PoolName, ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.providers.api import SecretDescription, SecretError, SecretsStore, SecretValue
from ragstone.rest import aws_errors
from ragstone.rest.authentication.signature import TARGET
from ragstone.rest.request import Request
from ragstone.rest.response import Response

TARGET_PREFIX = "secretsmanager."
_MAX_RESULTS = 100
_RECOVERY_DAYS = 30

Access = Callable[[str, str], None]
"""(action as policies name it, ARN or `*`) of the request being served. Raises SecretError, or an error of the signer's
own."""


def caller_may(action: str, resource: str) -> None:
    """See `Access`."""
    signer = caller.signer.get()
    if signer is None:
        raise SecretError("MissingAuthenticationTokenException", "Missing Authentication Token")
    signer.require(action, resource)


class SecretsManager:
    """`store` behind the protocol."""

    def __init__(self, store: SecretsStore, pools: ThreadPools, may: Access = caller_may) -> None:
        self._store = store
        self._pools = pools
        self._may = may

    async def serve(self, request: Request) -> Response:
        """Raises what `may` does; every other fault is an answer in AWS's form."""
        name = request.headers.get(TARGET, "").removeprefix(TARGET_PREFIX)
        try:
            operation = _OPERATIONS.get(name)
            if operation is None:
                raise SecretError("UnknownOperationException", f"The operation [{name}] is not supported here.")
            members = _Members(_decoded(request.body))
            secret = members.needed(operation.names) if operation.names is not None else None
            resource = await self._pools.run("search", self._store.place, secret) if secret is not None else "*"
            self._may(f"secretsmanager:{name}", resource)
            members.refuse_unknown(operation.members)
            body = await self._pools.run(operation.pool, operation.run, self._store, members)
        except SecretError as error:
            return aws_errors.json_service(error.code, error.message, _STATUS.get(error.code, 400))
        headers = {"x-amzn-requestid": request_id.get() or ""}
        return Response(json.encode(body), content_type=aws_errors.JSON_1_1, headers=headers)


_STATUS = {"InternalServiceError": 500}


def _decoded(body: bytes) -> JsonObject:
    # The parser's own words would repeat a part of the body, which may be a secret.
    try:
        value = json.decode_strict(body or b"{}")
    except (JavaException, OpenSearchException):
        value = None
    if not isinstance(value, dict):
        raise SecretError("SerializationException", "The body is no JSON object.")
    return value


class _Members:
    """What a request's body says. Raises SecretError for what is missing or of the wrong type; no value is told."""

    def __init__(self, body: JsonObject) -> None:
        self._body = body

    def refuse_unknown(self, known: frozenset[str]) -> None:
        for name in self._body:
            if name not in known:
                raise SecretError("InvalidParameterException", f"The parameter [{name}] is not supported here.")

    def _typed(self, name: str, kind: type) -> Any:
        value = self._body.get(name)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise SecretError("SerializationException", f"The parameter [{name}] is of the wrong type.")
        return value

    def text(self, name: str) -> str | None:
        value: str | None = self._typed(name, str)
        return value

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise SecretError("ValidationException", f"The parameter [{name}] is missing.")
        return value

    def flag(self, name: str) -> bool:
        return bool(self._typed(name, bool))

    def integer(self, name: str) -> int | None:
        value: int | None = self._typed(name, int)
        return value

    def texts(self, name: str) -> list[str] | None:
        value: list[str] | None = self._typed(name, list)
        if value is not None and not all(isinstance(item, str) for item in value):
            raise SecretError("SerializationException", f"The parameter [{name}] is of the wrong type.")
        return value

    def value(self) -> str | bytes:
        """SecretString or SecretBinary."""
        text, binary = self.text("SecretString"), self.text("SecretBinary")
        if (text is None) is (binary is None):
            raise SecretError("InvalidParameterException", "You must provide either SecretString or SecretBinary.")
        if text is not None:
            return text
        try:
            return base64.b64decode(binary or "", validate=True)
        except binascii.Error:
            raise SecretError("SerializationException", "The parameter [SecretBinary] is no base64.") from None


# ── operations ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Operation:
    """`names` is the member that names the secret; None where it is about all of them."""

    def __init__(
        self, run: Callable[[SecretsStore, _Members], JsonObject], names: str | None, members: str, *, writes: bool
    ) -> None:
        self.run = run
        self.names = names
        self.members = frozenset(members.split())
        self.pool: PoolName = "write" if writes else "search"


def _get(store: SecretsStore, members: _Members) -> JsonObject:
    found = store.get(members.needed("SecretId"), version=members.text("VersionId"), stage=members.text("VersionStage"))
    value: JsonObject
    if found.text is not None:
        value = {"SecretString": found.text}
    else:
        value = {"SecretBinary": base64.b64encode(found.binary or b"").decode()}
    return {**_version(found), "VersionStages": list(found.stages), "CreatedDate": found.created, **value}


def _create(store: SecretsStore, members: _Members) -> JsonObject:
    return _version(
        store.create(
            members.needed("Name"),
            members.value(),
            description=members.text("Description") or "",
            version=members.text("ClientRequestToken"),
        )
    )


def _put(store: SecretsStore, members: _Members) -> JsonObject:
    stages = members.texts("VersionStages")
    made = store.put(
        members.needed("SecretId"),
        members.value(),
        version=members.text("ClientRequestToken"),
        stages=stages if stages is not None else ("AWSCURRENT",),
    )
    return {**_version(made), "VersionStages": list(made.stages)}


def _describe(store: SecretsStore, members: _Members) -> JsonObject:
    found = store.describe(members.needed("SecretId"))
    return {**_description(found), "VersionIdsToStages": _stages(found)}


def _delete(store: SecretsStore, members: _Members) -> JsonObject:
    at_once, days = members.flag("ForceDeleteWithoutRecovery"), members.integer("RecoveryWindowInDays")
    if at_once and days is not None:
        raise SecretError(
            "InvalidParameterException",
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        )
    found = store.delete(
        members.needed("SecretId"), recovery_days=None if at_once else _RECOVERY_DAYS if days is None else days
    )
    return {"ARN": found.arn, "Name": found.name, "DeletionDate": found.gone}


def _restore(store: SecretsStore, members: _Members) -> JsonObject:
    found = store.restore(members.needed("SecretId"))
    return {"ARN": found.arn, "Name": found.name}


def _list(store: SecretsStore, members: _Members) -> JsonObject:
    """A page by name; `NextToken` is the name of the page's last secret."""
    size = members.integer("MaxResults")
    if size is not None and not 1 <= size <= _MAX_RESULTS:
        raise SecretError("InvalidParameterException", f"MaxResults must be between 1 and {_MAX_RESULTS}.")
    after = members.text("NextToken") or ""
    found = store.list_secrets(with_deleted=members.flag("IncludePlannedDeletion"))
    left = [secret for secret in found if secret.name > after]
    page = left[: size or _MAX_RESULTS]
    listed = [{**_description(secret), "SecretVersionsToStages": _stages(secret)} for secret in page]
    return {"SecretList": listed, **({"NextToken": page[-1].name} if len(left) > len(page) else {})}


def _version(made: SecretValue) -> JsonObject:
    return {"ARN": made.arn, "Name": made.name, "VersionId": made.version}


def _description(found: SecretDescription) -> JsonObject:
    return {
        "ARN": found.arn,
        "Name": found.name,
        **({"Description": found.description} if found.description else {}),
        "LastChangedDate": found.changed,
        "CreatedDate": found.created,
        **({"DeletedDate": found.deleted} if found.deleted is not None else {}),
    }


def _stages(found: SecretDescription) -> dict[str, list[str]]:
    return {version: list(stages) for version, stages in found.versions}


_VALUE = "ClientRequestToken SecretString SecretBinary"
_OPERATIONS: Mapping[str, _Operation] = {
    "GetSecretValue": _Operation(_get, "SecretId", "SecretId VersionId VersionStage", writes=False),
    "DescribeSecret": _Operation(_describe, "SecretId", "SecretId", writes=False),
    "ListSecrets": _Operation(_list, None, "IncludePlannedDeletion MaxResults NextToken", writes=False),
    "CreateSecret": _Operation(_create, "Name", f"Name Description {_VALUE}", writes=True),
    "PutSecretValue": _Operation(_put, "SecretId", f"SecretId VersionStages {_VALUE}", writes=True),
    "DeleteSecret": _Operation(
        _delete, "SecretId", "SecretId RecoveryWindowInDays ForceDeleteWithoutRecovery", writes=True
    ),
    "RestoreSecret": _Operation(_restore, "SecretId", "SecretId", writes=True),
}
OPERATIONS = tuple(_OPERATIONS)
