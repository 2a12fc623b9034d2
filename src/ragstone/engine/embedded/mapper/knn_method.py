"""How a `knn_vector` is to be indexed: the `method` object, engines, encoders and compression levels.

The engine is a name to us: whichever is asked for, float32 vectors in our HNSW serve it, with the scores the engines
agree on. Quantisation is accepted, checked and shown, and nothing is lost by it.

Differs: `nmslib` is accepted, because popular clients still send it, where OpenSearch 3 refuses it for new indices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ragstone.core.errors import IllegalArgumentException, MapperParsingException, ValidationException
from ragstone.core.json import JsonObject
from ragstone.engine.embedded.vectors.spaces import DataType, SpaceType

MAX_DIMENSION = 16_000
COMPRESSION_LEVELS = ("1x", "2x", "4x", "8x", "16x", "32x")
_REQUIRES_TRAINING = '"method" requires training.'


@dataclass(frozen=True)
class Component:
    """A name with parameters: a method, or the encoder inside it."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        return {"name": self.name, "parameters": _shown(self.parameters)}


@dataclass(frozen=True)
class Method:
    """A parsed `method`. `engine` and `space` are None until they are resolved."""

    component: Component
    engine: str | None = None
    space: SpaceType | None = None

    @property
    def encoder(self) -> Component | None:
        found = self.component.parameters.get("encoder")
        return found if isinstance(found, Component) else None

    def number(self, name: str, default: int) -> int:
        """A validated integer parameter."""
        value = self.component.parameters.get(name)
        return value if isinstance(value, int) else default

    def to_json(self) -> JsonObject:
        return {"engine": self.engine, "space_type": self.space and self.space.value, **self.component.to_json()}


def _shown(parameters: Mapping[str, Any]) -> JsonObject:
    return {
        key: parameters[key].to_json() if isinstance(parameters[key], Component) else parameters[key]
        for key in sorted(parameters)
    }


# ── what the engines can do ──────────────────────────────────────────────────────────────────────────────────────────

_ANY_DATA: frozenset[DataType] = frozenset({"float", "byte", "binary"})


@dataclass(frozen=True)
class Engine:
    """One k-NN engine's rules for `hnsw`. `encoders` maps a name to its checked parameters."""

    spaces: frozenset[SpaceType]
    data_types: frozenset[DataType]
    compression: frozenset[str]
    methods: frozenset[str]
    integers: frozenset[str]
    encoders: Mapping[str, Mapping[str, Callable[[Any], bool]]]


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _one_of(*choices: Any) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, bool) and value in choices


def _confidence(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and (value == 0 or 0.9 <= value <= 1.0)


_USUAL_SPACES = frozenset({SpaceType.L2, SpaceType.COSINESIMIL, SpaceType.INNERPRODUCT, SpaceType.HAMMING})
ENGINES: Mapping[str, Engine] = {
    "nmslib": Engine(
        spaces=frozenset(SpaceType) - {SpaceType.HAMMING},
        data_types=frozenset({"float"}),
        compression=frozenset({"1x"}),
        methods=frozenset({"hnsw"}),
        integers=frozenset({"m", "ef_construction", "ef_search"}),
        encoders={},
    ),
    "faiss": Engine(
        spaces=_USUAL_SPACES,
        data_types=_ANY_DATA,
        compression=frozenset({"1x", "2x", "8x", "16x", "32x"}),
        methods=frozenset({"hnsw", "ivf"}),
        integers=frozenset({"m", "ef_construction", "ef_search"}),
        encoders={
            "flat": {},
            "sq": {"type": _one_of("fp16"), "clip": _flag, "bits": _one_of(16, 1)},
            "pq": {"m": _integer, "code_size": _integer},
            "binary": {"bits": _one_of(1, 2, 4), "random_rotation": _flag, "enable_adc": _flag},
        },
    ),
    "lucene": Engine(
        spaces=_USUAL_SPACES,
        data_types=_ANY_DATA,
        compression=frozenset({"1x", "4x"}),
        methods=frozenset({"hnsw"}),
        integers=frozenset({"m", "ef_construction"}),
        encoders={"sq": {"bits": _one_of(7), "confidence_interval": _confidence}},
    ),
}


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def parse_space(name: Any) -> SpaceType:
    """Raises IllegalArgumentException listing the spaces there are."""
    try:
        return SpaceType(str(name).lower())
    except ValueError:
        known = ", ".join(space.value for space in SpaceType)
        raise IllegalArgumentException(f"Unable to find space: {name} . Valid values are: [{known}]") from None


def parse_method(body: Any) -> Method:
    """The value of `method`. Raises MapperParsingException for a wrong shape; `validate` checks the values."""
    if not isinstance(body, dict):
        raise MapperParsingException('Unable to parse mapping into KNNMethodContext. Object not of type "Map"')
    name, parameters = "", {}
    engine: str | None = None
    space: SpaceType | None = None
    for key, value in body.items():
        if key == "engine":
            if value is not None:
                engine = _text(value, '"engine" must be a string').lower()
                if engine not in ENGINES:
                    raise MapperParsingException(f"Invalid engine: {value}")
        elif key == "space_type":
            if value is not None:
                try:
                    space = parse_space(_text(value, '"space_type" must be a string'))
                except IllegalArgumentException:
                    raise MapperParsingException(f"Invalid space_type: {value}") from None
        elif key == "name":
            name = _text(value, "name has to be a string")
        elif key == "parameters":
            parameters = _parse_parameters(value)
        else:
            raise MapperParsingException(f"Invalid parameter: {key}")
    if not name:
        raise MapperParsingException("name needs to be set")
    return Method(Component(name, parameters), engine, space)


def _text(value: Any, complaint: str) -> str:
    if not isinstance(value, str):
        raise MapperParsingException(complaint)
    return value


def _parse_parameters(value: Any) -> JsonObject:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MapperParsingException("Unable to parse parameters for method component")
    return {key: _parse_component(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}


def _parse_component(body: JsonObject) -> Component:
    name, parameters = "", {}
    for key, value in body.items():
        if key == "name":
            name = _text(value, "Component name should be a string")
        elif key == "parameters":
            parameters = _parse_parameters(value)
        else:
            raise MapperParsingException(f"Invalid parameter for MethodComponentContext: {key}")
    if not name:
        raise MapperParsingException("name needs to be set")
    return Component(name, parameters)


# ── checking ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def resolve_engine(*, top_level: str | None, method: Method | None, compression: str | None) -> str:
    """Whose rules hold: named in `method` or at top level, lucene for 4x, else faiss.

    Raises MapperParsingException for two different ones, or 4x with another engine.
    """
    named = method.engine if method else None
    if named and top_level and named != top_level:
        raise MapperParsingException(f"Cannot specify conflicting engines: [{named}] and [{top_level}]")
    if compression == "4x" and top_level not in (None, "lucene"):
        raise MapperParsingException("Lucene is the only engine that supports 4x compression")
    return named or top_level or ("lucene" if compression == "4x" else "faiss")


def resolve_space(*, top_level: SpaceType | None, method: Method | None, data_type: DataType) -> SpaceType:
    """The named space, else l2, or hamming for binary data. Raises for two different ones and for a wrong pairing."""
    named = method.space if method else None
    if named and top_level and named is not top_level:
        raise MapperParsingException(f'Cannot specify conflicting space types: "[{named}]" "[{top_level}]"')
    space = named or top_level or (SpaceType.HAMMING if data_type == "binary" else SpaceType.L2)
    if (space is SpaceType.HAMMING) != (data_type == "binary"):
        raise IllegalArgumentException(f"Space type [{space}] is not supported with [{data_type}] data type")
    return space


def validate(
    *,
    engine: str,
    space: SpaceType,
    data_type: DataType,
    dimension: int,
    method: Method | None,
    mode: str | None,
    compression: str | None,
) -> None:
    """Everything that depends on the engine. Raises ValidationException with all faults found, numbered."""
    rules = ENGINES[engine]
    name = method.component.name if method else "hnsw"
    if name not in rules.methods:
        raise IllegalArgumentException(f"Invalid method name: {name}")
    faults: list[str] = []
    if name == "ivf" or (method and method.encoder and method.encoder.name == "pq"):
        faults.append(_REQUIRES_TRAINING)
    elif method:
        faults += _parameter_faults(rules, method.component.parameters)
    if space not in rules.spaces:
        faults.append(f'"{name}" with "{engine}" configuration does not support space type: "{space}".')
    if data_type not in rules.data_types:
        faults.append(f'"{name}" with "{engine}" configuration does not support data type: "{data_type}".')
    if data_type == "binary" and dimension % 8:
        faults.append("Dimension should be multiply of 8 for binary vector data type")
    if dimension > MAX_DIMENSION:
        faults.append(f"Dimension value cannot be greater than {MAX_DIMENSION} for vector with engine: {engine}")
    faults += _compression_faults(engine, mode, compression, method.encoder if method else None)
    if faults:
        raise ValidationException.of(faults)


def _parameter_faults(rules: Engine, parameters: Mapping[str, Any]) -> list[str]:
    faults = []
    for key, value in parameters.items():
        if key == "encoder" and rules.encoders:
            if not isinstance(value, Component):
                faults.append(
                    "value is not an instance of MethodComponentContext for MethodComponentContext parameter [encoder]."
                )
            elif not _encoder_fits(rules, value):
                faults.append("parameter validation failed for MethodComponentContext parameter [encoder].")
        elif key not in rules.integers:
            faults.append(f"Unknown parameter '{key}' found")
        elif not _integer(value):
            faults.append(f"value is not an instance of Integer for Integer parameter [{key}].")
        elif value <= 0:
            faults.append(f"parameter validation failed for Integer parameter [{key}].")
    return faults


def _encoder_fits(rules: Engine, encoder: Component) -> bool:
    checks = rules.encoders.get(encoder.name)
    return checks is not None and all(key in checks and checks[key](value) for key, value in encoder.parameters.items())


def _compression_faults(engine: str, mode: str | None, compression: str | None, encoder: Component | None) -> list[str]:
    if compression and compression not in ENGINES[engine].compression:
        return [f'"{engine}" does not support "{compression}" compression']
    if engine == "lucene" and mode == "on_disk" and compression == "1x":
        return ['Cannot specify "x1" compression level when using "on_disk" mode']
    if compression and encoder and compression != _level_of(engine, encoder):
        return ["Cannot specify an encoder that conflicts with the provided compression level"]
    return []


def _level_of(engine: str, encoder: Component) -> str:
    if encoder.name == "sq":
        return "4x" if engine == "lucene" else "32x" if encoder.parameters.get("bits") == 1 else "2x"
    if encoder.name == "binary":
        return {1: "32x", 2: "16x", 4: "8x"}.get(encoder.parameters.get("bits", 1), "32x")
    return "1x"
