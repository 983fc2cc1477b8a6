"""The student as an ONNX graph in int8: weights in seven bits, so that no CPU's pairwise sums of 8-bit products overflow, and words in
four, which is what the encoder came in."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LARGEST = 63


class Graph:
    def __init__(self):
        self.nodes, self.constants, self.made = [], [], 0

    def constant(self, values, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype, order="C"), name))
        return name

    def node(self, op, *inputs, outputs=1, **attributes):
        names = [f"{op.lower()}{self.made}.{i}" for i in range(outputs)]
        self.made += 1
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, quantised, weight, bias):
        """`weight` is [in, out]; each column has its own scale."""
        x, scale, zero = quantised
        columns = np.maximum(np.abs(weight).max(axis=0), 1e-8) / LARGEST
        cells = np.clip(np.round(weight / columns), -LARGEST, LARGEST)
        product = self.node("MatMulInteger", x, self.constant(cells, np.int8), zero, self.constant(0, np.int8))
        scales = self.node("Mul", scale, self.constant(columns))
        return self.node("Add", self.node("Mul", self.node("Cast", product, to=TensorProto.FLOAT), scales), self.constant(bias))

    def quantise(self, x):
        return self.node("DynamicQuantizeLinear", x, outputs=3)

    def norm(self, x, weight, bias):
        return self.node("LayerNormalization", x, self.constant(weight), self.constant(bias), axis=-1, epsilon=1e-12)


def nibbles(words):
    """Four bits a value, the first half of a row in the low ones; each row has the scale that fits it best."""
    largest, best = np.abs(words).max(axis=1, keepdims=True), None
    for share in (0.6, 0.7, 0.8, 0.9, 1.0):
        rows = np.maximum(share * largest, 1e-8) / 7
        cells = np.clip(np.round(words / rows), -8, 7)
        miss = ((cells * rows - words) ** 2).sum(axis=1, keepdims=True)
        if best is None:
            best = miss, cells, rows
        else:
            better = miss < best[0]
            best = tuple(np.where(better, new, old) for new, old in zip((miss, cells, rows), best))
    cells = (best[1] + 8).astype(np.uint8)
    half = words.shape[1] // 2
    return cells[:, :half] | cells[:, half:] << 4, best[2]


def whole(cells, rows):
    return (np.concatenate([cells & 15, cells >> 4], axis=1).astype(np.float32) - 8) * rows


def build(w, heads, labels):
    """`w`: arrays by name: words as `nibbles` gives them, positions, (w, b) of each layer, the classifier, the meaning. Inputs: ids and
    mask, both [batch, length]."""
    g = Graph()
    per_head = w["layers"][0]["qkv"][0].shape[1] // 3 // heads
    cells, rows = w["words"]
    both = g.node("Cast", g.node("Gather", g.constant(cells, np.uint8), "input_ids"), to=TensorProto.INT32)
    high = g.node("Div", both, g.constant(16, np.int32))
    low = g.node("Sub", both, g.node("Mul", high, g.constant(16, np.int32)))
    values = g.node("Cast", g.node("Concat", low, high, axis=-1), to=TensorProto.FLOAT)
    x = g.node("Mul", g.node("Sub", values, g.constant(8.0)), g.node("Gather", g.constant(rows), "input_ids"))
    length = g.node("Slice", g.node("Shape", "input_ids"), g.constant([1], np.int64), g.constant([2], np.int64))
    x = g.node("Add", x, g.node("Slice", g.constant(w["positions"]), g.constant([0], np.int64), length, g.constant([0], np.int64)))
    x = g.norm(x, *w["norm"])
    mask = g.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    away = g.node("Mul", g.node("Sub", mask, g.constant(1.0)), g.constant(10000.0))
    away = g.node("Unsqueeze", away, g.constant([1, 2], np.int64))
    apart, together = g.constant([0, 0, heads, per_head], np.int64), g.constant([0, 0, heads * per_head], np.int64)
    for layer in w["layers"]:
        qkv = g.linear(g.quantise(x), *layer["qkv"])
        q, k, v = g.node("Split", qkv, outputs=3, axis=-1, num_outputs=3)
        q = g.node("Transpose", g.node("Reshape", q, apart), perm=[0, 2, 1, 3])
        k = g.node("Transpose", g.node("Reshape", k, apart), perm=[0, 2, 3, 1])
        v = g.node("Transpose", g.node("Reshape", v, apart), perm=[0, 2, 1, 3])
        near = g.node("Add", g.node("MatMul", q, k), away)
        mixed = g.node("MatMul", g.node("Softmax", near, axis=-1), v)
        mixed = g.node("Reshape", g.node("Transpose", mixed, perm=[0, 2, 1, 3]), together)
        x = g.norm(g.node("Add", x, g.linear(g.quantise(mixed), *layer["out"])), *layer["norm1"])
        wide = g.node("Gelu", g.linear(g.quantise(x), *layer["up"]))
        x = g.norm(g.node("Add", x, g.linear(g.quantise(wide), *layer["down"])), *layer["norm2"])
    column = g.node("Unsqueeze", mask, g.constant([2], np.int64))
    axis = g.constant([1], np.int64)
    sums = g.node("ReduceSum", g.node("Mul", x, column), axis, keepdims=0)
    mean = g.node("Div", sums, g.node("ReduceSum", column, axis, keepdims=0))
    logits = g.node("Add", g.node("MatMul", mean, g.constant(w["classifier"][0])), g.constant(w["classifier"][1]))
    g.nodes.append(helper.make_node("Identity", [logits], ["logits"]))
    meaning = g.linear(g.quantise(mean), *w["meaning"])
    g.nodes.append(helper.make_node("Identity", [meaning], ["embedding"]))
    ids = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "length"]) for n in ("input_ids", "attention_mask")]
    out = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", labels]),
           helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", w["meaning"][1].shape[0]])]
    graph = helper.make_graph(g.nodes, "second", ids, out, g.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
