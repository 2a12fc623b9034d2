"""Connectors as values: what a request asks for, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException, UnsupportedOperationException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.client_config import ClientConfig
from ragstone.ml.connectors.headers import check_headers
from ragstone.ml.connectors.secrets import EXTERNAL_ROLE, ROLE, SECRET, check_arns
from ragstone.ml.connectors.template import substitute
from ragstone.ml.fields import Fields, check_safe_texts
from ragstone.ml.values import text_of

HTTP = "http"
AWS_SIGV4 = "aws_sigv4"
ACCESS_KEY, SECRET_KEY, SESSION_TOKEN = "access_key", "secret_key", "session_token"
SERVICE, REGION = "service_name", "region"
MCP = ("mcp_sse", "mcp_streamable_http")
ACTION_TYPES = ("PREDICT", "EXECUTE", "BATCH_PREDICT", "CANCEL_BATCH_PREDICT", "BATCH_PREDICT_STATUS")


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing a connector can do. `request_body`, `url` and the values of `headers` are templates."""

    type: str
    method: str
    url: str
    headers: Mapping[str, str] | None = None
    request_body: str | None = None
    pre_process_function: str | None = None
    post_process_function: str | None = None

    @classmethod
    def parse(cls, body: Any) -> Self:
        """From a request or a stored document. Raises IllegalArgumentException, ParsingException."""
        fields = Fields(body)
        type = fields.text("action_type")
        if type is not None and type.upper() not in ACTION_TYPES:
            raise IllegalArgumentException(
                "No enum constant org.opensearch.ml.common.connector.ConnectorAction.ActionType." + type.upper()
            )
        method, url = fields.text("method"), fields.text("url")
        if type is None:
            raise IllegalArgumentException("action type can't be null")
        if method is None:
            raise IllegalArgumentException("method can't be null")
        if url is None:
            raise IllegalArgumentException("url can't be null")
        if fields.boolean("supports_structured_output"):
            raise UnsupportedOperationException("supports_structured_output is not supported yet")
        return cls(
            type=type.upper(),
            method=method,
            url=url,
            headers=fields.text_map("headers"),
            request_body=fields.text("request_body"),
            pre_process_function=fields.text("pre_process_function"),
            post_process_function=fields.text("post_process_function"),
        )

    def to_json(self) -> JsonObject:
        return _given(
            action_type=self.type,
            method=self.method,
            url=self.url,
            headers=dict(self.headers) if self.headers is not None else None,
            request_body=self.request_body,
            pre_process_function=self.pre_process_function,
            post_process_function=self.post_process_function,
        )


@dataclass(frozen=True, kw_only=True)
class ConnectorRequest:
    """The body of a create or update request; None where it says nothing. `credential` is in the clear."""

    name: str | None
    version: str | None
    description: str | None
    protocol: str | None
    url: str | None
    credential: Mapping[str, str] | None = field(repr=False)
    parameters: Mapping[str, str] | None
    actions: tuple[Action, ...] | None
    client_config: ClientConfig | None
    provisioned_by: str | None
    connector_id: str | None
    dry_run: bool
    access_parameters: bool
    """Whether it names backend roles or an access mode."""

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Read all members. Raises ParsingException, IllegalArgumentException."""
        fields = Fields(body)
        parameters, actions, config = (
            fields.object("parameters"),
            fields.array("actions"),
            fields.object("client_config"),
        )
        return cls(
            name=fields.text("name"),
            version=fields.text("version"),
            description=fields.text("description"),
            protocol=fields.text("protocol"),
            url=fields.text("url"),
            credential=fields.text_map("credential"),
            parameters={key: text_of(value) for key, value in parameters.items()} if parameters is not None else None,
            actions=tuple(Action.parse(action) for action in actions) if actions is not None else None,
            client_config=ClientConfig.parse(config) if config is not None else None,
            provisioned_by=fields.text("provisioned_by"),
            connector_id=fields.text("connector_id"),
            dry_run=fields.boolean("dry_run") or False,
            access_parameters=has_access_parameters(fields),
        )

    def check(self, *, update: bool) -> None:
        """What must be there, and which characters may. Raises IllegalArgumentException, then the numbered list of
        ActionRequestValidationException, then what headers and ARNs must not hold."""
        optional = update or self.dry_run
        if not optional:
            for member in ("name", "version", "protocol"):
                if getattr(self, member) is None:
                    raise IllegalArgumentException(f"Connector {member} is null")
            if not self.credential and self.protocol not in MCP:
                raise IllegalArgumentException("Connector credential is null or empty list")
        if self.protocol in MCP and not (self.url or "").strip():
            raise IllegalArgumentException("MCP Connector url is null or blank")
        name = ("Model connector name", self.name)
        others = [
            ("Model connector description", self.description),
            ("Model connector provisioned_by field", self.provisioned_by),
        ]
        check_safe_texts([*others, name] if optional else others, [] if optional else [name])
        for action in self.actions or ():
            check_headers(action.headers or {})
        check_arns(self.credential or {})


def has_access_parameters(fields: Fields) -> bool:
    """Whether a body names backend roles or a known access mode; an unknown mode counts as none."""
    return (
        fields.texts("backend_roles") is not None
        or fields.boolean("add_all_backend_roles") is not None
        or fields.text("access_mode") in ("public", "private", "restricted")
    )


@dataclass(frozen=True, kw_only=True)
class Connector:
    """A connector as it is stored. The values of `credential` are sealed."""

    name: str | None
    version: str | None
    description: str | None = None
    protocol: str | None
    parameters: Mapping[str, str]
    credential: Mapping[str, str] = field(repr=False)
    actions: tuple[Action, ...] | None
    created_time: int | None = None
    """Epoch milliseconds; None inside a model."""
    last_updated_time: int | None = None
    client_config: ClientConfig | None = None
    provisioned_by: str | None = None

    @classmethod
    def from_request(cls, request: ConnectorRequest, sealed: Mapping[str, str], now: int | None) -> Self:
        return cls(
            name=request.name,
            version=request.version,
            description=request.description,
            protocol=request.protocol,
            parameters=request.parameters or {},
            credential=sealed,
            actions=request.actions,
            created_time=now,
            last_updated_time=now,
            client_config=request.client_config,
            provisioned_by=request.provisioned_by,
        )

    def changed(self, request: ConnectorRequest, sealed: Mapping[str, str], now: int | None) -> Self:
        """Parameters and credentials merge by key, the rest is replaced by what the request gives."""
        changes: dict[str, Any] = {
            name: getattr(request, name)
            for name in ("name", "version", "description", "protocol", "actions", "client_config", "provisioned_by")
            if getattr(request, name) is not None
        }
        return replace(
            self,
            **changes,
            parameters={**self.parameters, **(request.parameters or {})},
            credential={**self.credential, **sealed},
            last_updated_time=now,
        )

    @classmethod
    def from_document(cls, document: JsonObject) -> Self:
        actions, config = document.get("actions"), document.get("client_config")
        return cls(
            name=document.get("name"),
            version=document.get("version"),
            description=document.get("description"),
            protocol=document.get("protocol"),
            parameters=document.get("parameters") or {},
            credential=document.get("credential") or {},
            actions=tuple(Action.parse(action) for action in actions) if actions is not None else None,
            created_time=document.get("created_time"),
            last_updated_time=document.get("last_updated_time"),
            client_config=ClientConfig.parse(config) if config is not None else None,
            provisioned_by=document.get("provisioned_by"),
        )

    def to_document(self) -> JsonObject:
        """Everything, the sealed credential included."""
        return {**self.to_json(), "credential": dict(self.credential)}

    def to_json(self) -> JsonObject:
        """What a client may see: never the credential."""
        return _given(
            name=self.name,
            version=self.version,
            description=self.description,
            protocol=self.protocol,
            parameters=dict(self.parameters),
            actions=[action.to_json() for action in self.actions] if self.actions is not None else None,
            created_time=self.created_time,
            last_updated_time=self.last_updated_time,
            client_config=self.client_config.to_json() if self.client_config is not None else None,
            provisioned_by=self.provisioned_by,
        )

    def action(self, type: str) -> Action | None:
        return next((action for action in self.actions or () if action.type == type), None)

    def urls(self) -> list[str]:
        """The URL of every action, with the connector's own parameters put in.

        Raises IllegalArgumentException when there are no actions at all (an empty list is fine).
        """
        if self.actions is None:
            raise IllegalArgumentException("No actions configured for this connector")
        return [substitute(action.url, self.parameters.get) for action in self.actions]

    def check_protocol(self, *, role_required: bool = True) -> None:
        """What the protocol asks for. Raises IllegalArgumentException.

        `Differs:` aws_sigv4 takes a lone `roleArn` as its credential, and where no `role_required` none at all.
        """
        if self.protocol == HTTP:
            if EXTERNAL_ROLE in self.credential:
                raise IllegalArgumentException(f"Connector credential [{EXTERNAL_ROLE}] is for the protocol aws_sigv4")
            return
        if self.protocol != AWS_SIGV4:
            raise IllegalArgumentException(f"Can't find class for type {self.protocol}")
        own_keys = {ACCESS_KEY, SECRET_KEY} <= self.credential.keys()
        if not own_keys and (role_required or ACCESS_KEY in self.credential) and ROLE not in self.credential:
            raise IllegalArgumentException("Missing credential")
        named = self.parameters.keys() | self.credential.keys()
        if SERVICE not in named:
            raise IllegalArgumentException("Missing service name")
        if REGION not in named:
            raise IllegalArgumentException("Missing region")
        if EXTERNAL_ROLE in self.credential and ROLE not in self.credential:
            raise IllegalArgumentException(
                f"Connector credential [{EXTERNAL_ROLE}] needs [{ROLE}], the role that may assume it"
            )
        # A role beside keys is one to read a secret as, or there is no telling which of the two is meant.
        if ACCESS_KEY in self.credential and (
            EXTERNAL_ROLE in self.credential or (ROLE in self.credential and SECRET not in self.credential)
        ):
            raise IllegalArgumentException(
                f"Connector credential must hold [{ACCESS_KEY}] and [{SECRET_KEY}] or name a role, not both"
            )


def _given(**members: Any) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}
