"""`pit`: the point in time that a search looks at."""

from __future__ import annotations

from dataclasses import dataclass

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.units import parse_time
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.clause import to_text
from ragstone.dsl.object_parser import STRING, Declared, parse_object


@dataclass(frozen=True)
class PointInTime:
    """`keep_alive`, in seconds from now on; None leaves it as it is."""

    id: str
    keep_alive: float | None = None

    def to_json(self) -> JsonObject:
        kept = {} if self.keep_alive is None else {"keep_alive": f"{int(self.keep_alive * 1000)}ms"}
        return {"id": self.id, **kept}


def parse_point_in_time(value: JsonObject) -> PointInTime:
    """Raises XContentParseException, IllegalArgumentException."""
    found = parse_object("pit", value, _FIELDS)
    if "id" not in found:
        raise IllegalArgumentException("point int time id is not provided")  # OpenSearch's own spelling
    return PointInTime(**found)


_FIELDS = {
    "id": Declared(STRING, to_text),
    "keep_alive": Declared(STRING, lambda value: parse_time(to_text(value), "keep_alive")),
}
