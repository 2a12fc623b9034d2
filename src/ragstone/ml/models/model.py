"""Models as values: what is stored, and what requests ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.connectors.model import Connector
from ragstone.ml.fields import Fields, check_safe_texts
from ragstone.ml.models.config import parse_model_config
from ragstone.ml.models.function_name import REMOTE, TEXT_EMBEDDING, parse_function_name
from ragstone.ml.models.guardrails import parse_guardrails
from ragstone.ml.models.interface import parse_interface
from ragstone.ml.models.rate_limiter import parse_rate_limiter

MODEL_FORMATS = ("TORCH_SCRIPT", "ONNX")


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model document. Members that are None are not stored; times are epoch milliseconds.

    `connector` is an inline connector's document, with its sealed credential.
    """

    name: str
    model_group_id: str
    algorithm: str
    model_version: str
    description: str | None = None
    model_format: str | None = None
    model_state: str
    model_config: JsonObject | None = None
    deploy_setting: JsonObject | None = None
    is_enabled: bool | None = None
    rate_limiter: JsonObject | None = None
    created_time: int
    last_updated_time: int
    last_registered_time: int | None = None
    last_deployed_time: int | None = None
    model_id: str | None = None
    auto_redeploy_retry_times: int | None = None
    planning_worker_node_count: int | None = None
    current_worker_node_count: int | None = None
    planning_worker_nodes: list[str] | None = None
    deploy_to_all_nodes: bool | None = None
    is_hidden: bool = False
    connector: JsonObject | None = field(default=None, repr=False)
    connector_id: str | None = None
    guardrails: JsonObject | None = None
    interface: JsonObject | None = None
    provisioned_by: str | None = None

    @classmethod
    def from_document(cls, document: JsonObject) -> Self:
        return cls(**{name: document[name] for name in _MEMBERS if name in document})

    def to_document(self) -> JsonObject:
        """Everything, an inline connector's sealed credential included."""
        members = {name: getattr(self, name) for name in _MEMBERS}
        return {name: value for name, value in members.items() if value is not None}

    def to_json(self) -> JsonObject:
        """What a client may see."""
        document = self.to_document()
        if self.connector is not None:
            document["connector"] = Connector.from_document(self.connector).to_json()
        return document

    @property
    def is_remote(self) -> bool:
        return self.algorithm == REMOTE

    def deployed_on(self, node_id: str, now: int) -> Self:
        return replace(
            self,
            model_state="DEPLOYED",
            last_updated_time=now,
            last_deployed_time=now,
            auto_redeploy_retry_times=0,
            planning_worker_node_count=1,
            current_worker_node_count=1,
            planning_worker_nodes=[node_id],
            deploy_to_all_nodes=True,
        )

    def undeployed(self, now: int) -> Self:
        return replace(
            self,
            model_state="UNDEPLOYED",
            last_updated_time=now,
            planning_worker_node_count=0,
            current_worker_node_count=0,
            planning_worker_nodes=None,
        )


_MEMBERS = tuple(member.name for member in fields(Model))


@dataclass(frozen=True, kw_only=True)
class RegisterRequest:
    """The body of a registration. `connector` is the unparsed body of an inline connector, with secrets."""

    name: str
    function_name: str
    version: str | None
    description: str | None
    model_group_id: str | None
    model_format: str | None
    model_config: JsonObject | None
    url: str | None
    connector_id: str | None
    connector: JsonObject | None = field(repr=False)
    settings: Mapping[str, Any]
    """Members that go into the document as they are: is_enabled, rate_limiter, guardrails, interface, ..."""
    model_node_ids: list[str] | None
    model_id: str | None

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises IllegalArgumentException, ParsingException, ParseException, ActionRequestValidationException."""
        given = Fields(body)
        function_name = parse_function_name(given.text("function_name") or TEXT_EMBEDDING)
        model_format, config = given.text("model_format"), given.object("model_config")
        if model_format is not None and model_format.upper() not in MODEL_FORMATS:
            raise IllegalArgumentException("Wrong model format")
        settings = _settings(given)
        provisioned_by = given.text("provisioned_by")
        if provisioned_by is not None:
            settings["provisioned_by"] = provisioned_by
        name = given.text("name")
        if name is None:
            raise IllegalArgumentException("model name is null")
        request = cls(
            name=name,
            function_name=function_name,
            version=given.text("version"),
            description=given.text("description"),
            model_group_id=given.text("model_group_id"),
            model_format=model_format.upper() if model_format is not None else None,
            model_config=parse_model_config(config, function_name) if config is not None else None,
            url=given.text("url"),
            connector_id=given.text("connector_id"),
            connector=given.object("connector"),
            settings=settings,
            model_node_ids=given.texts("model_node_ids"),
            model_id=given.text("model_id"),
        )
        if function_name != REMOTE:
            if request.model_format is None:
                raise IllegalArgumentException("model format is null")
            if request.url is not None and request.model_config is None:
                raise IllegalArgumentException("model config is null")
        check_safe_texts(
            [("Model description", request.description), ("Model provisioned_by field", provisioned_by)],
            [("Model name", request.name)],
        )
        return request


@dataclass(frozen=True, kw_only=True)
class UpdateRequest:
    """The body of a model update. `changes` are members that replace the stored ones."""

    changes: Mapping[str, Any]
    rate_limiter: JsonObject | None
    model_group_id: str | None
    connector_id: str | None
    connector: JsonObject | None = field(repr=False)
    model_config: JsonObject | None

    @classmethod
    def parse(cls, body: Any) -> Self:
        """Raises as `RegisterRequest.parse`."""
        given = Fields(body)
        changes = _settings(given)
        for name in ("name", "description"):
            text = given.text(name)
            if text is not None:
                changes[name] = text
        request = cls(
            rate_limiter=changes.pop("rate_limiter", None),
            changes=changes,
            model_group_id=given.text("model_group_id"),
            connector_id=given.text("connector_id"),
            connector=given.object("connector"),
            model_config=given.object("model_config"),
        )
        check_safe_texts([("Model Description", changes.get("description")), ("Model Name", changes.get("name"))], [])
        return request


def _settings(given: Fields) -> dict[str, Any]:
    """Members that registration and update read alike."""
    members: dict[str, Any] = {"is_enabled": given.boolean("is_enabled")}
    for name, parse in (
        ("rate_limiter", parse_rate_limiter),
        ("guardrails", parse_guardrails),
        ("interface", parse_interface),
        ("deploy_setting", _deploy_setting),
    ):
        body = given.object(name)
        members[name] = parse(body) if body is not None else None
    return {name: value for name, value in members.items() if value is not None}


def _deploy_setting(body: Any) -> JsonObject:
    given = Fields(body)
    enabled, minutes = given.boolean("is_auto_deploy_enabled"), given.integer("model_ttl_minutes")
    return {
        **({"is_auto_deploy_enabled": enabled} if enabled is not None else {}),
        "model_ttl_minutes": minutes if minutes is not None else -1,
    }
