"""Scripts and search templates that are kept by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ragstone.core import caller
from ragstone.core.cluster_settings import ClusterSettings, cluster_setting, integer
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    ParsingException,
    ResourceNotFoundException,
    ScriptException,
    XContentParseException,
)
from ragstone.core.xcontent import JsonObject, Place, java_text, token
from ragstone.dsl.mustache import ESCAPES, Escape, MustacheTemplate, compile_template
from ragstone.dsl.search_template import read_source
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import RecordStore

MAX_SIZE = cluster_setting(
    "script.max_size_in_bytes", 65_535, integer(0, 2**31 - 1), effect="how large a stored script may be"
)

RECORDS = "stored_script"
"""The kind of record that each one is."""
_LANGUAGES = ("mustache", "painless", "expression")
_JSON = "application/json; charset=UTF-8"
_PUT, _GET, _DELETE = (f"cluster:admin/script/{verb}" for verb in ("put", "get", "delete"))


@dataclass(frozen=True)
class StoredScript:
    """`options` holds at most the `content_type` of what a template writes."""

    lang: str
    source: str
    options: JsonObject = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        return {"lang": self.lang, "source": self.source, **({"options": self.options} if self.options else {})}

    def template(self) -> MustacheTemplate:
        """Raises IllegalArgumentException for a script of another language, ScriptException for a broken one."""
        if self.lang != "mustache":
            raise IllegalArgumentException(f"stored script is of lang [{self.lang}], and no template")
        return compile_template(self.source, escape_of(self.options.get("content_type", _JSON)))


def escape_of(content_type: str) -> Escape:
    """How a template that writes this escapes values. Raises IllegalArgumentException."""
    known = ESCAPES.get(content_type.partition(";")[0].strip())
    if known is None:
        raise IllegalArgumentException(f"No encoder found for MIME type [{content_type}]")
    return known


def parse_stored_script(body: Any) -> StoredScript:
    """Raises ParsingException, XContentParseException, IllegalArgumentException; unknown keys beside are ignored.

    `Differs:` a script without lang or source is a 400; OpenSearch keeps an empty body, and a missing source is a 500.
    """
    if not isinstance(body, dict):
        raise ParsingException(f"unexpected token [{token(body)}], expected [{{]")
    first = next(iter(body), "script")
    if first != "script":
        raise ParsingException(f"unexpected field [{first}], expected [script]", place=Place(body, first))
    script = body.get("script", {})
    if not isinstance(script, dict):
        where = Place(body, "script", "value")
        raise ParsingException(f"unexpected token [{token(script)}], expected [{{, <source>]", place=where)
    for key, kinds in (("lang", str), ("source", (str, dict)), ("options", dict)):
        if key in script and not isinstance(script[key], kinds):
            raise XContentParseException(
                f"[stored script source] {key} doesn't support values of type: {token(script[key])}",
                place=Place(script, key, "value"),
            )
    for key in ("lang", "source"):
        if key not in script:
            raise IllegalArgumentException(f"must specify {key} for stored script")
    options = dict(script.get("options", {}))
    if set(options) - {"content_type"}:
        raise IllegalArgumentException(f"illegal compiler options [{java_text(options)}] specified")
    if isinstance(script["source"], dict):
        options["content_type"] = _JSON
    return StoredScript(script["lang"], read_source(script["source"]), options)


class StoredScripts:
    """Templates are checked when they are used. `Differs:` nothing else runs scripts, so others are only kept."""

    def __init__(self, records: RecordStore, settings: ClusterSettings) -> None:
        self._records = records
        self._settings = settings

    async def put(self, id: str, script: StoredScript, size: int, *, context: str | None = None) -> None:
        """Keep a script, whose request had `size` bytes; with a `context` only if it compiles for it.

        Raises ActionRequestValidationException, IllegalArgumentException.
        """
        caller.require(_PUT)
        if "#" in id:
            raise ActionRequestValidationException.of(["id cannot contain '#' for stored script"])
        most = self._settings.get(MAX_SIZE)
        if size > most:
            raise IllegalArgumentException(
                f"exceeded max allowed stored script size in bytes [{most}] with size [{size}] for script [{id}]"
            )
        if script.lang not in _LANGUAGES:
            raise IllegalArgumentException(f"unable to put stored script with unsupported lang [{script.lang}]")
        if context is not None:
            _compile(id, script, context)
        await self._records.put_record(RECORDS, id, script.to_json())

    async def get(self, id: str) -> StoredScript | None:
        """For clients. `find` is for what uses it."""
        caller.require(_GET)
        return await self._read(id)

    async def find(self, id: str) -> StoredScript:
        """Raises ResourceNotFoundException."""
        script = await self._read(id)
        if script is None:
            raise ResourceNotFoundException(f"unable to find script [{id}] in cluster state")
        return script

    async def delete(self, id: str) -> None:
        """Raises ResourceNotFoundException."""
        caller.require(_DELETE)
        if not await self._records.delete_record(RECORDS, id):
            raise ResourceNotFoundException(f"stored script [{id}] does not exist and cannot be deleted")

    async def _read(self, id: str) -> StoredScript | None:
        record = await self._records.get_record(RECORDS, id)
        return None if record is None else StoredScript(**record.value)


def _compile(id: str, script: StoredScript, context: str) -> None:
    if script.lang != "mustache":
        raise unsupported(f"compiling {script.lang} for a context")
    try:
        if context != "template":
            raise IllegalArgumentException(f"mustache engine does not know how to handle context [{context}]")
        script.template()
    except (IllegalArgumentException, ScriptException) as error:
        raise IllegalArgumentException(f"failed to parse/compile stored script [{id}]", cause=error) from error


__all__ = ["MAX_SIZE", "RECORDS", "StoredScript", "StoredScripts", "escape_of", "parse_stored_script"]
