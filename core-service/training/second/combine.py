"""Fits how both stages speak with one voice, on texts of sources that neither was trained on, and writes model.json.

    python combine.py --model FOLDER --texts texts.jsonl scores.jsonl ...
"""

import argparse
import collections
import hashlib
import json
import math
import pathlib

SURE = 5.0
# What people ordinarily ask, and the share of it that the second stage may read.
ORDINARY = {"chat_persist", "freshqa", "ordinary_native", "tasks_agentdojo", "writing"}
ASKED = 0.05
FEWEST = 10  # attacks of a source that says something
ALERT, BLOCK = 0.2, 0.5  # the probabilities that stand for the rates below
ALERT_RATE, BLOCK_RATE = 0.015, 0.005
# What the cosine of two embeddings adds to the log-odds of a denied topic: chosen by `eval --topics … --lines even`.
COSINE = {"slope": 1.5, "centre": 0.25}


def quantile(values, share):
    """What `share` of the values exceed."""
    values = sorted(values, reverse=True)
    return values[min(len(values) - 1, int(len(values) * share))]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("scores", nargs="+")
    p.add_argument("--model", required=True)
    p.add_argument("--texts", required=True)
    args = p.parse_args()
    rows = [json.loads(line) for file in args.scores for line in open(file)]
    # What the second stage cannot read is the first one's alone.
    rows = [r for r in rows if r["margin"] is not None and r["readable"]]
    benign = [r for r in rows if not r["label"]]
    attacks = collections.defaultdict(list)
    for r in rows:
        if r["label"]:
            attacks[r["source"]].append(r)
    attacks = {source: some for source, some in attacks.items() if len(some) >= FEWEST}
    least = quantile([r["margin"] for r in benign if r["source"] in ORDINARY], ASKED)
    # Where next to no benign text is, the first stage is sure enough.
    most = quantile([r["margin"] for r in benign], 0.0005) + 1.0

    def total(r, weight):
        if r["margin"] < least:
            return -99.0
        if r["margin"] > most:
            return 99.0
        return r["margin"] + weight * max(-SURE, min(SURE, r["logit"]))

    def recall(threshold, weight):
        shares = {s: sum(total(r, weight) > threshold for r in some) / len(some) for s, some in attacks.items()}
        return sum(shares.values()) / len(shares), shares

    best = None
    for weight in [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]:
        sums = [total(r, weight) for r in benign]
        alert, block = quantile(sums, ALERT_RATE), quantile(sums, BLOCK_RATE)
        at_alert, at_block = recall(alert, weight), recall(block, weight)
        print(f"weight {weight}: macro recall {at_alert[0]:.3f} at {ALERT_RATE}, {at_block[0]:.3f} at {BLOCK_RATE}")
        value = at_alert[0] + at_block[0]
        if weight and (best is None or value > best[0]):
            best = (value, weight, alert, block, at_alert, at_block)
    _, weight, alert, block, at_alert, at_block = best

    def odds(p):
        return math.log(p / (1 - p))

    slope = (odds(BLOCK) - odds(ALERT)) / (block - alert)
    offset = odds(BLOCK) - slope * block
    by = collections.defaultdict(list)
    for r in benign:
        by[r["source"]].append(total(r, weight))
    folder = pathlib.Path(args.model)
    report = {
        "terms": {"least": round(least, 4), "most": round(most, 4), "weight": weight, "calibration": {"slope": round(slope, 4), "offset": round(offset, 4)}, "cosine": COSINE},
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        "texts": hashlib.sha256(pathlib.Path(args.texts).read_bytes()).hexdigest(),
        "asked": {s: round(sum(least <= r["margin"] <= most for r in benign if r["source"] == s) / len(by[s]), 4) for s in sorted(by)},
        "macro_recall_at_alert": round(at_alert[0], 4),
        "macro_recall_at_block": round(at_block[0], 4),
        "sources": {s: {"attacks": len(attacks[s]), "recall_at_alert": round(at_alert[1][s], 4), "recall_at_block": round(at_block[1][s], 4)} for s in sorted(attacks)},
        "benign": {s: {"texts": len(v), "found_at_alert": round(sum(x > alert for x in v) / len(v), 4), "found_at_block": round(sum(x > block for x in v) / len(v), 4)} for s, v in sorted(by.items())},
    }
    (folder / "model.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
