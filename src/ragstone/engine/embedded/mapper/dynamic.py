"""Dynamic mapping: the field that a new JSON value becomes."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException, MapperParsingException
from ragstone.core.json import Json, JsonObject
from ragstone.engine.embedded.mapper.date_format import DateFormat
from ragstone.engine.embedded.mapper.dynamic_template import default_type
from ragstone.engine.embedded.mapper.field_type import FieldType, find_type
from ragstone.engine.embedded.mapper.number import java_double
from ragstone.engine.embedded.mapper.object_mapper import ObjectMapper, parse_object
from ragstone.engine.embedded.mapper.parameter import MappingContext
from ragstone.engine.embedded.mapper.root_options import DEFAULT_DATE_FORMATS, RootOptions

_TEXT: JsonObject = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


class DynamicRules:
    """What one mapping makes of new values. Immutable."""

    def __init__(self, options: RootOptions, context: MappingContext) -> None:
        self._templates = options.dynamic_templates or ()
        self._date_detection = options.date_detection is not False
        self._numeric_detection = bool(options.numeric_detection)
        formats = options.dynamic_date_formats
        self._date_formats = [DateFormat.of(f) for f in (DEFAULT_DATE_FORMATS if formats is None else formats)]
        self._context = context

    def object_for(self, path: str, *, only_templates: bool = False) -> FieldType | ObjectMapper | None:
        """The node for a new JSON object: what a template says, else an object."""
        node = self._from_template(path, "object")
        return node if node is not None or only_templates else ObjectMapper(path)

    def array_for(self, path: str) -> FieldType | None:
        """A field type that takes a whole array, when a template maps new objects to one."""
        node = self._from_template(path, "object") if self._templates else None
        return node if isinstance(node, FieldType) and node.takes_arrays else None

    def field_for(self, path: str, value: Json, *, only_templates: bool = False) -> FieldType | ObjectMapper | None:
        """The field for a new scalar; None when `only_templates` and none matches."""
        kind, date_format = self._kind(value)
        node = self._from_template(path, kind, date_format)
        if node is not None or only_templates:
            return node
        definition = _TEXT if kind == "string" else self._with_format({"type": default_type(kind)}, date_format)
        return self._build(path, definition)

    def _kind(self, value: Json) -> tuple[str, DateFormat | None]:
        """One of dynamic_template.MATCH_TYPES, and for dates the format that fitted."""
        if isinstance(value, bool):
            return "boolean", None
        if isinstance(value, int):
            return "long", None
        if isinstance(value, float):
            return "double", None
        text = str(value)
        number = _number_kind(text)
        if number is not None:
            # pure numbers are no dates: too many would be taken for a year
            return (number if self._numeric_detection else "string"), None
        if self._date_detection:
            for date_format in self._date_formats:
                if date_format.matches(text):
                    return "date", date_format
        return "string", None

    def _from_template(
        self, path: str, kind: str, date_format: DateFormat | None = None
    ) -> FieldType | ObjectMapper | None:
        for template in self._templates:
            if template.matches(path, kind):
                mapping = template.mapping_for(path.rpartition(".")[2], kind)
                return self._build(path, self._with_format(mapping, date_format))
        return None

    def _with_format(self, definition: JsonObject, date_format: DateFormat | None) -> JsonObject:
        default = DEFAULT_DATE_FORMATS[0]
        if date_format is None or definition["type"] != "date" or "format" in definition:
            return definition
        if date_format.pattern == default:
            return definition
        pattern = date_format.pattern
        return {**definition, "format": pattern, "print_format": pattern.split("||")[0]}

    def _build(self, path: str, definition: JsonObject) -> FieldType | ObjectMapper:
        kind = definition["type"]
        if kind in ("object", "nested"):
            return parse_object(path, definition, self._context, kind)
        found = find_type(kind, path.rpartition(".")[2])
        if found is None:
            raise MapperParsingException(f"failed to find type parsed [{kind}] for [{path.rpartition('.')[2]}]")
        return found.from_mapping(path, definition, self._context)


def _number_kind(text: str) -> str | None:
    """`long` or `double` when Java would read the text as that number."""
    if not text or text[-1] not in "0123456789.dDfFNy":
        return None
    try:
        if -(2**63) <= int(text) < 2**63 and "_" not in text and text == text.strip():
            return "long"
    except ValueError:
        pass
    try:
        java_double(text)
    except IllegalArgumentException:
        return None
    return "double"
