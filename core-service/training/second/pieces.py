"""WordPiece of a shorter vocabulary: `tokenizer.json` as the service reads it."""

import json
import pathlib

from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


class Pieces:
    def __init__(self, encoder, most):
        """The vocabulary is sorted by how often words are met: single signs are kept, and the first of the others."""
        whole = json.loads((pathlib.Path(encoder) / "tokenizer.json").read_text())
        known = sorted(whole["model"]["vocab"], key=whole["model"]["vocab"].get)
        rest = [w for w in known if w not in SPECIAL and w != "[MASK]" and not w.startswith("[unused")]
        single = [w for w in rest if len(w.removeprefix("##")) == 1]
        others = [w for w in rest if len(w.removeprefix("##")) != 1]
        self.words = ([*SPECIAL] + single + others)[:most]
        self.old = [whole["model"]["vocab"][w] for w in self.words]
        ids = {w: i for i, w in enumerate(self.words)}
        whole["model"]["vocab"] = ids
        whole["added_tokens"] = [{**t, "id": ids[t["content"]]} for t in whole["added_tokens"] if t["content"] in ids]
        post = whole["post_processor"]
        for token in post.get("special_tokens", {}).values():
            token["ids"] = [ids[t] for t in token["tokens"]]
        for name in ("sep", "cls"):
            if name in post:
                post[name][1] = ids[post[name][0]]
        whole["truncation"] = whole["padding"] = None
        self.json = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        self.tokenizer = Tokenizer.from_str(self.json)
        self.pad, self.first, self.last = ids["[PAD]"], ids["[CLS]"], ids["[SEP]"]

    def of(self, text, most=20_000):
        return self.tokenizer.encode(text[:200_000], add_special_tokens=False).ids[:most]

    def readable(self, pieces):
        """As the service tells it: other languages, and letters that stand apart, say nothing to a model of English words."""
        strange = sum(self.words[p].startswith("##") or self.words[p] == "[UNK]" for p in pieces)
        letters = sum(len(self.words[p]) == 1 and self.words[p].isalpha() for p in pieces)
        return 3 * strange <= len(pieces) and 2 * letters <= len(pieces)
