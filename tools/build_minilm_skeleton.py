"""Writes src/ragstone/providers/embeddings/all-MiniLM-L6-v2.onnx: the graph of the model without its weights.

    python tools/build_minilm_skeleton.py MODEL.SAFETENSORS [OUT.ONNX]

Every initializer points at its bytes inside `model.safetensors`, so nothing is converted or copied to disk. Only
plain operators of opset 20: they were faster in batches than the fused ones. Gemm with transB reads torch's (out, in)
layout as it is. Mean pooling over the attention mask and the division by the L2 norm are part of the graph, as the
model's own description has them. Needs the package `onnx`, which the product does not.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

LAYERS, HEADS, HIDDEN, EPSILON = 6, 12, 384, 1e-12
HEAD = HIDDEN // HEADS
OUT = Path(__file__).parents[1] / "src/ragstone/providers/embeddings/all-MiniLM-L6-v2.onnx"


class Graph:
    """Collects nodes and initializers; every method returns the name of the value it made."""

    def __init__(self, tensors: dict[str, tuple[list[int], int, int]]) -> None:
        self._tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def weight(self, name: str) -> str:
        if all(known.name != name for known in self.initializers):
            shape, offset, length = self._tensors[name]
            tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", "model.safetensors"), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            self.initializers.append(tensor)
        return name

    def ints(self, *values: int) -> str:
        return self._constant(TensorProto.INT64, [len(values)], list(values))

    def integer(self, value: int) -> str:
        return self._constant(TensorProto.INT64, [], [value])

    def number(self, value: float) -> str:
        return self._constant(TensorProto.FLOAT, [], [value])

    def _constant(self, kind: int, shape: list[int], values: list[int] | list[float]) -> str:
        name = f"c{kind}_{shape}_{values}"
        if all(known.name != name for known in self.initializers):
            self.initializers.append(helper.make_tensor(name, kind, shape, values))
        return name

    def dense(self, value: str, prefix: str) -> str:
        return self.node("Gemm", value, self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias"), transB=1)

    def norm(self, value: str, prefix: str) -> str:
        scale, bias = self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias")
        return self.node("LayerNormalization", value, scale, bias, epsilon=EPSILON, axis=-1)


def build(tensors: dict[str, tuple[list[int], int, int]]) -> onnx.ModelProto:
    g = Graph(tensors)
    shape = g.node("Shape", "input_ids")
    batch, length = g.node("Gather", shape, g.ints(0)), g.node("Gather", shape, g.ints(1))

    words = g.node("Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids")
    count = g.node("Gather", shape, g.integer(1))
    positions = g.node("Range", g.integer(0), count, g.integer(1))
    places = g.node("Gather", g.weight("embeddings.position_embeddings.weight"), positions)
    segment = g.node("Gather", g.weight("embeddings.token_type_embeddings.weight"), g.integer(0))
    x = g.node("Add", g.node("Add", words, places), segment)
    x = g.norm(g.node("Reshape", x, g.ints(-1, HIDDEN)), "embeddings.LayerNorm")

    mask = g.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden_keys = g.node("Mul", g.node("Sub", g.number(1.0), mask), g.number(-1e9))
    bias = g.node("Unsqueeze", hidden_keys, g.ints(1, 2))
    heads_shape = g.node("Concat", batch, length, g.ints(HEADS, HEAD), axis=0)

    def heads(value: str, order: list[int]) -> str:
        return g.node("Transpose", g.node("Reshape", value, heads_shape), perm=order)

    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        query, key, value = (g.dense(x, f"{prefix}.attention.self.{part}") for part in ("query", "key", "value"))
        scores = g.node("MatMul", heads(query, [0, 2, 1, 3]), heads(key, [0, 2, 3, 1]))
        scores = g.node("Add", g.node("Mul", scores, g.number(HEAD**-0.5)), bias)
        mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), heads(value, [0, 2, 1, 3]))
        mixed = g.node("Reshape", g.node("Transpose", mixed, perm=[0, 2, 1, 3]), g.ints(-1, HIDDEN))
        attended = g.dense(mixed, f"{prefix}.attention.output.dense")
        x = g.norm(g.node("Add", attended, x), f"{prefix}.attention.output.LayerNorm")
        inner = g.node("Gelu", g.dense(x, f"{prefix}.intermediate.dense"))
        x = g.norm(g.node("Add", g.dense(inner, f"{prefix}.output.dense"), x), f"{prefix}.output.LayerNorm")

    tokens = g.node("Reshape", x, g.node("Concat", batch, length, g.ints(HIDDEN), axis=0))
    weights = g.node("Unsqueeze", mask, g.ints(2))
    total = g.node("ReduceSum", g.node("Mul", tokens, weights), g.ints(1), keepdims=0)
    size = g.node("Max", g.node("ReduceSum", weights, g.ints(1), keepdims=0), g.number(1e-9))
    mean = g.node("Div", total, size)
    norm = g.node("Max", g.node("ReduceL2", mean, g.ints(1), keepdims=1), g.number(1e-12))
    g.nodes.append(helper.make_node("Div", [mean, norm], ["sentence_embedding"]))

    token_input = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["batch", HIDDEN])
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", token_input, [output], g.initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9, producer_name="ragstone")


def read_layout(path: Path) -> dict[str, tuple[list[int], int, int]]:
    """Shape, offset and length of every tensor; the header's format is that of the safetensors project."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    start = 8 + size
    return {
        name: (entry["shape"], start + entry["data_offsets"][0], entry["data_offsets"][1] - entry["data_offsets"][0])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    out = Path(sys.argv[2]) if len(sys.argv) == 3 else OUT
    out.write_bytes(build(read_layout(Path(sys.argv[1]))).SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
