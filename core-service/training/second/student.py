"""The student: the lowest layers of the encoder, with the heads and inner units that matter most."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH = 384
PER_HEAD = 32
POSITIONS = 64
# Of the vector that says what a window is about.
MEANING = 96


class Layer(nn.Module):
    def __init__(self, heads, inner):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(WIDTH, 3 * heads * PER_HEAD), nn.Linear(heads * PER_HEAD, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, inner), nn.Linear(inner, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, away):
        b, n, _ = x.shape
        q, k, v = (t.view(b, n, self.heads, PER_HEAD).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=away.to(q.dtype))
        x = self.norm1(x + self.drop(self.out(mixed.transpose(1, 2).reshape(b, n, -1))))
        return self.norm2(x + self.drop(self.down(F.gelu(self.up(x)))))


class Student(nn.Module):
    def __init__(self, words, layers, heads, inner):
        super().__init__()
        self.words = nn.Embedding(words, WIDTH)
        self.positions = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer(heads, inner) for _ in range(layers))
        self.drop = nn.Dropout(0.1)
        self.classifier, self.meaning = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, MEANING)

    def mean(self, ids, mask):
        x = self.drop(self.norm(self.words(ids) + self.positions[: ids.shape[1]]))
        away = (1.0 - mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            x = layer(x, away)
        column = mask.unsqueeze(-1).to(x.dtype)
        return (x * column).sum(1) / column.sum(1)

    def forward(self, ids, mask):
        """The log-odds of an attack, and what the window is about."""
        mean = self.drop(self.mean(ids, mask))
        return self.classifier(mean).squeeze(-1), self.meaning(mean)

    def arrays(self):
        """As the exported graph takes them but for the words: queries already divided by the root of a head's width."""
        def of(linear):
            return linear.weight.detach().float().numpy().T.copy(), linear.bias.detach().float().numpy().copy()

        def norm(layer):
            return layer.weight.detach().float().numpy(), layer.bias.detach().float().numpy()

        layers = []
        for layer in self.layers:
            weight, bias = of(layer.qkv)
            queries = weight.shape[1] // 3
            weight[:, :queries] /= math.sqrt(PER_HEAD)
            bias[:queries] /= math.sqrt(PER_HEAD)
            layers.append({"qkv": (weight, bias), "out": of(layer.out), "norm1": norm(layer.norm1),
                           "up": of(layer.up), "down": of(layer.down), "norm2": norm(layer.norm2)})
        return {"positions": self.positions.detach().float().numpy(), "norm": norm(self.norm), "layers": layers,
                "classifier": of(self.classifier), "meaning": of(self.meaning)}


def cut(encoder, pieces, layers, heads, inner):
    """The student before it learns anything of its own; with all layers, heads and units the encoder itself."""
    model = Student(len(pieces.words), layers, heads, inner)

    def put(parameter, values):
        parameter.copy_(torch.from_numpy(values).view(parameter.shape))

    def matrix(name, columns=WIDTH):
        return torch.from_numpy(encoder.matrix(name, columns))

    def vector(name):
        return torch.from_numpy(encoder.vector(name))

    def norm(layer, name):
        put(layer.weight, encoder.vector(name + ".w"))
        put(layer.bias, encoder.vector(name + ".b"))

    with torch.no_grad():
        put(model.words.weight, encoder.matrix("emb.word", WIDTH, pieces.old))
        put(model.positions, encoder.vector("emb.pos")[: POSITIONS * WIDTH] + np.tile(encoder.vector("emb.type")[:WIDTH], POSITIONS))
        norm(model.norm, "emb.ln")
        for i, layer in enumerate(model.layers):
            parts = [matrix(f"l{i}.{n}.w") for n in "qkv"]
            out = matrix(f"l{i}.ao.w")
            whole = out.shape[1] // PER_HEAD
            size = [(parts[2].view(whole, PER_HEAD, -1)[h].norm() * out.view(-1, whole, PER_HEAD)[:, h].norm()).item() for h in range(whole)]
            keep = sorted(sorted(range(whole), key=lambda h: -size[h])[:heads])
            rows = torch.tensor([h * PER_HEAD + j for h in keep for j in range(PER_HEAD)])
            layer.qkv.weight.copy_(torch.cat([p[rows] for p in parts]))
            layer.qkv.bias.copy_(torch.cat([vector(f"l{i}.{n}.b")[rows] for n in "qkv"]))
            layer.out.weight.copy_(out[:, rows])
            put(layer.out.bias, encoder.vector(f"l{i}.ao.b"))
            up, down = matrix(f"l{i}.fi.w"), matrix(f"l{i}.fo.w", encoder.inner)
            units = (up.norm(dim=1) * down.norm(dim=0)).topk(inner).indices.sort().values
            layer.up.weight.copy_(up[units])
            layer.up.bias.copy_(vector(f"l{i}.fi.b")[units])
            layer.down.weight.copy_(down[:, units])
            put(layer.down.bias, encoder.vector(f"l{i}.fo.b"))
            norm(layer.norm1, f"l{i}.aln")
            norm(layer.norm2, f"l{i}.oln")
    return model
