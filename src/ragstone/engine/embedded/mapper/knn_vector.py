"""The field type `knn_vector`."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    MapperParsingException,
    NumberFormatException,
    OpenSearchException,
)
from ragstone.core.json import Json, JsonObject
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.mapper.field_type import FieldType, IndexValue, field_types, not_numeric
from ragstone.engine.embedded.mapper.knn_method import (
    COMPRESSION_LEVELS,
    ENGINES,
    Method,
    parse_method,
    parse_space,
    resolve_engine,
    resolve_space,
    validate,
)
from ragstone.engine.embedded.mapper.parameter import MappingContext, Parameter, flag, meta
from ragstone.engine.embedded.vectors.spaces import DataType, SpaceType, VectorSpec

_DATA_TYPES: tuple[DataType, ...] = ("float", "byte", "binary")
_MODES = ("in_memory", "on_disk")
_FORBIDDEN = '\\/*?"<>| ,'
_FORBIDDEN_SHOWN = "[' ', '\"', '*', '\\', '<', '|', ',', '>', '/', '?']"


class VectorValueException(IllegalArgumentException):
    """A document's value that is no vector of the field. `preview` is what the parser stood at, for the message.

    It is never shown itself: `cause` is what OpenSearch names as the cause.
    """

    def __init__(self, cause: OpenSearchException, preview: str = "null") -> None:
        super().__init__(cause.reason, cause=cause)
        self.preview = preview


def _is_knn(context: MappingContext) -> bool:
    return context.settings.flag("index.knn")


def _read_dimension(value: Any, field: str, context: MappingContext) -> int:
    try:
        exact = float(value) if isinstance(value, float) else int(value)
        if isinstance(value, bool) or exact != int(exact) or not -(2**31) <= exact < 2**31:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise IllegalArgumentException(
            f"Unable to parse [dimension] from provided value [{java_text(value)}] for vector [{field}]"
        ) from None
    if exact <= 0:
        raise IllegalArgumentException(f"Dimension value must be greater than 0 for vector: {field}")
    return int(exact)


def _read_data_type(value: Any, field: str, context: MappingContext) -> DataType:
    for known in _DATA_TYPES:
        if str(value).lower() == known:
            return known
    raise IllegalArgumentException(
        f"Invalid value provided for [data_type] field. Supported values are [{','.join(sorted(_DATA_TYPES))}]"
    )


def _read_engine(value: Any, field: str, context: MappingContext) -> str:
    name = java_text(value).lower()
    if name not in ENGINES:
        raise IllegalArgumentException(f"Invalid engine type: {java_text(value)}")
    return name


def _read_mode(value: Any, field: str, context: MappingContext) -> str | None:
    if value is not None and value not in _MODES:
        raise MapperParsingException(
            f"Unknown value [{java_text(value)}] for field [mode] - accepted values are [null, in_memory, on_disk]"
        )
    return cast("str | None", value)


def _read_compression(value: Any, field: str, context: MappingContext) -> str | None:
    if value not in ("", *COMPRESSION_LEVELS):
        raise MapperParsingException(
            f"Unknown value [{java_text(value)}] for field [compression_level] - "
            f"accepted values are [{', '.join(('', *COMPRESSION_LEVELS))}]"
        )
    return value or None


def _name_of(method: Method | None) -> str:
    return method.component.name if method else "null"


@field_types.register("knn_vector")
class KnnVectorField(FieldType):
    """Vectors for `knn` queries and vector scripts.

    `spec` says how they are stored and compared; `engine` and `method` are as resolved. `is_built_for_search` is
    false for the flat field of an index without `index.knn`: only scripts can use it.
    """

    wire_type = "knn_vector"
    storage = "vector"
    takes_arrays = True
    parameters = (
        flag("store", False),
        flag("doc_values", False),
        Parameter("dimension", _read_dimension, -1),
        Parameter("data_type", _read_data_type, "float", shown=str.upper),
        Parameter("method", lambda value, field, context: parse_method(value), None, conflict=_name_of),
        Parameter("model_id", lambda value, field, context: java_text(value), None),
        Parameter("mode", _read_mode, None, nullable=True),
        Parameter("compression_level", _read_compression, None, nullable=True),
        Parameter(
            "space_type",
            lambda value, field, context: parse_space(java_text(value)),
            None,
            shown=str,
            conflict=lambda value: str(value or "undefined"),
        ),
        Parameter("engine", _read_engine, None, conflict=lambda value: value or "undefined"),
        meta(),
    )

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        context: MappingContext,
        *,
        fields: Mapping[str, FieldType] | None = None,
        copy_to: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, options, context, fields=fields or {}, copy_to=copy_to)
        self.is_built_for_search = _is_knn(context)
        self.engine, self.method, self.spec = self._resolve()

    @classmethod
    def from_mapping(cls, name: str, definition: JsonObject, context: MappingContext) -> Self:
        leaf = name.rpartition(".")[2]
        bad = next((character for character in leaf if character in _FORBIDDEN), None)
        if bad is not None:
            raise IllegalArgumentException(
                f"Vector field name must not include invalid characters of {_FORBIDDEN_SHOWN}. "
                f"Provided field name=[{leaf}] had a disallowed character [{bad}]"
            )
        return super().from_mapping(name, definition, context)

    def _resolve(self) -> tuple[str, Method | None, VectorSpec]:
        leaf = self.name.rpartition(".")[2]
        method: Method | None = self.option("method")
        model_id, dimension = self.option("model_id"), self.option("dimension")
        mode, compression = self.option("mode"), self.option("compression_level")
        top_space: SpaceType | None = self.option("space_type")
        data_type: DataType = self.option("data_type")
        if not self.is_built_for_search:
            if method or model_id:
                raise IllegalArgumentException(
                    "Cannot set modelId or method parameters when index.knn setting is false"
                )
            if mode or compression:
                raise MapperParsingException(
                    f"Compression and mode can not be specified in a flat mapping configuration for field: {leaf}"
                )
        elif model_id:
            self._refuse_beside_model(leaf)
            return "faiss", None, VectorSpec(0)
        if dimension == -1:
            raise IllegalArgumentException(f"Dimension value missing for vector: {leaf}")
        if data_type != "float" and (mode or compression):
            raise MapperParsingException(
                f"Compression and mode cannot be used for non-float32 data type for field {leaf}"
            )
        engine = resolve_engine(top_level=self.option("engine"), method=method, compression=compression)
        space = resolve_space(top_level=top_space, method=method, data_type=data_type)
        if self.is_built_for_search:
            validate(
                engine=engine,
                space=space,
                data_type=data_type,
                dimension=dimension,
                method=method,
                mode=mode,
                compression=compression,
            )
        else:  # only scripts read it, and each names its own space
            space = SpaceType.HAMMING if data_type == "binary" else SpaceType.L2
        shards = int(self.context.settings.flat.get("index.number_of_shards", 1))
        spec = VectorSpec(dimension, space, data_type, radius_is_dot_product=engine == "lucene", shards=shards)
        if method is None:
            return engine, None, spec
        named_ef = method.number("ef_search", 0)
        spec = replace(
            spec,
            m=method.number("m", spec.m),
            ef_construction=method.number("ef_construction", spec.ef_construction),
            ef_search=named_ef or None,
        )
        return engine, replace(method, engine=engine, space=space), spec

    def _refuse_beside_model(self, leaf: str) -> None:
        if self.option("method"):
            raise IllegalArgumentException(f"Method and model can not be both specified in the mapping: {leaf}")
        if self.option("dimension") != -1:
            raise IllegalArgumentException(f"Cannot specify both a modelId and dimension in the mapping: {leaf}")
        if self.option("space_type"):
            raise IllegalArgumentException("TopLevel Space type and model can not be both specified in the mapping")
        if self.option("mode") or self.option("compression_level"):
            raise IllegalArgumentException("Compression and mode can not be specified in a model mapping")

    def to_json(self, *, include_defaults: bool = False) -> JsonObject:
        shown = super().to_json(include_defaults=include_defaults)
        if self.method is not None:
            shown["method"] = self.method.to_json()
        if not self.is_built_for_search and "doc_values" not in self.options:
            shown["doc_values"] = True
        return shown

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def parse_vector(self, value: Json) -> NDArray[np.float32] | None:
        """A document's value as float32 of shape (width,); None for null.

        Binary data are signed bytes as numbers, eight bits in each. Raises VectorValueException.
        Differs: base64 of the right length is taken (little-endian float32, or bytes), as OpenSearch 3.7 does.
        """
        if value is None:
            return None
        if self.option("model_id"):
            raise VectorValueException(
                IllegalStateException(f"Model ID '{self.option('model_id')}' is not created."), java_text(value)
            )
        if isinstance(value, list):
            vector = self._numbers(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            vector = self._numbers([value])
        else:
            decoded = self._decoded(value) if isinstance(value, str) else None
            if decoded is None:
                raise VectorValueException(self._mismatch(0), java_text(value))
            vector = decoded
        if len(vector) != self.spec.width:
            raise VectorValueException(self._mismatch(len(vector)))
        fault = self.zero_fault(vector)
        if fault is not None:
            raise VectorValueException(fault)
        return vector

    def zero_fault(self, vector: NDArray[np.float32]) -> IllegalArgumentException | None:
        """Why a zero vector does not do, if this is one and the space has no direction for it."""
        if self.spec.space is not SpaceType.COSINESIMIL or vector.any() or not self.is_built_for_search:
            return None
        return IllegalArgumentException(f"zero vector is not supported when space type is [{self.spec.space}]")

    def byte_fault(self, number: float) -> IllegalArgumentException | None:
        """Why a number is no component of this field of bytes, if it is not."""
        data_type = self.spec.data_type
        if data_type == "float" or (number == int(number) and -128 <= number <= 127):
            return None
        fault = "floats instead of byte integers"
        if number == int(number):
            fault = "not within in the byte range [-128, 127]"
        return IllegalArgumentException(
            f"[data_type] field was set as [{data_type}] in index mapping. But, KNN vector values are {fault}"
        )

    def _mismatch(self, given: int) -> IllegalArgumentException:
        if self.spec.data_type == "binary":
            return IllegalArgumentException(
                "The dimension of the binary vector must be 8 times the length of the provided vector. "
                f"Expected: {self.spec.dimension}, Given: {given * 8}"
            )
        return IllegalArgumentException(f"Vector dimension mismatch. Expected: {self.spec.dimension}, Given: {given}")

    def _numbers(self, value: list[Json]) -> NDArray[np.float32]:
        if set(map(type, value)) <= {int, float}:
            try:
                with np.errstate(over="ignore"):
                    vector = np.array(value, np.float64).astype(np.float32)
            except OverflowError:  # an integer beyond float64
                vector = np.array([math.inf], np.float32)
            whole = self.spec.data_type == "float" or bool(
                ((vector == np.rint(vector)) & (vector >= -128) & (vector <= 127)).all()
            )
            if np.isfinite(vector).all() and whole:
                return vector
        return np.array([self._number(element) for element in value], np.float32)

    def _number(self, element: Json) -> np.float32:
        if isinstance(element, bool) or not isinstance(element, (int, float, str)):
            raise VectorValueException(not_numeric(element), java_text(element))
        try:
            with np.errstate(over="ignore"):
                number = np.float32(float(element))
        except OverflowError:
            number = np.float32(math.inf if cast("int", element) > 0 else -math.inf)
        except ValueError:
            raise VectorValueException(NumberFormatException.of(str(element)), str(element)) from None
        if np.isnan(number):
            raise VectorValueException(IllegalArgumentException("KNN vector values cannot be NaN"), "NaN")
        if np.isinf(number):
            raise VectorValueException(
                IllegalArgumentException("KNN vector values cannot be infinity"),
                "Infinity" if number > 0 else "-Infinity",
            )
        fault = self.byte_fault(float(number))
        if fault is not None:
            raise VectorValueException(fault, java_text(element))
        return number

    def _decoded(self, text: str) -> NDArray[np.float32] | None:
        """The vector in a base64 text, None where it is something else."""
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        if self.spec.data_type == "float":
            if len(data) != 4 * self.spec.width:
                return None
            vector = np.frombuffer(data, "<f4").astype(np.float32)
            return vector if np.isfinite(vector).all() else None
        return np.frombuffer(data, np.int8).astype(np.float32) if len(data) == self.spec.width else None

    def term(self, value: Json, *, now_millis: int = 0) -> IndexValue:
        raise IllegalArgumentException(
            f"KNN vector do not support exact searching, use KNN queries instead: [{self.name}]"
        )
