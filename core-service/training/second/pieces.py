"""Unigram pieces of a shorter vocabulary: `tokenizer.json` as the service reads it."""

import collections
import json

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
# Where the whole vocabulary has them.
PLACES = [1, 3, 0, 2]
# Of the vocabulary, the share that is chosen by the texts; the rest are the pieces that all languages use most.
OF_TEXTS = 0.72


def tokenizer(vocabulary):
    """All letters small, and words apart, as the encoder itself reads them but for the case."""
    made = Tokenizer(models.Unigram(vocabulary, unk_id=1))
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    ends = [(token, SPECIAL.index(token)) for token in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return made


def is_letter(piece):
    """Of a script that has few: those of Chinese and Korean have to be met in the texts. `model.rs` tells it the same way."""
    return len(piece) == 1 and piece.isalpha() and not "\u3400" <= piece <= "\ud7a3"


class Pieces:
    def __init__(self, encoder, texts, most):
        """`texts`: of all languages, to choose by."""
        small = [i for i in range(4, len(encoder.pieces) - 1) if encoder.pieces[i] and encoder.pieces[i] == encoder.pieces[i].lower()]

        def listed(chosen):
            return [(t, 0.0) for t in SPECIAL] + [(encoder.pieces[i], float(encoder.scores[i])) for i in chosen]

        whole, met = tokenizer(listed(small)), collections.Counter()
        for start in range(0, len(texts), 1000):
            for encoding in whole.encode_batch([t[:4000] for t in texts[start : start + 1000]], add_special_tokens=False):
                met.update(small[i - len(SPECIAL)] for i in encoding.ids if i >= len(SPECIAL))
        single = [i for i in small if is_letter(encoder.pieces[i]) or len(encoder.pieces[i]) == 1 and met[i] > 1]
        chosen = dict.fromkeys(single)
        for some, limit in ((sorted(small, key=lambda i: -met[i]), most * OF_TEXTS), (small, most)):
            for i in some:
                if len(chosen) >= limit - len(SPECIAL):
                    break
                chosen[i] = None
        chosen = sorted(chosen)
        self.old = PLACES + chosen
        self.words = [piece for piece, _ in listed(chosen)]
        self.tokenizer = tokenizer([(piece, round(score, 3)) for piece, score in listed(chosen)])
        self.json = json.dumps(json.loads(self.tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
        self.pad, self.unknown, self.first, self.last = range(len(SPECIAL))
        self.apart = {i for i, word in enumerate(self.words) if word[0] == "▁" and is_letter(word[1:])}

    def of(self, text, most=20_000):
        return self.tokenizer.encode(text[:100_000], add_special_tokens=False).ids[:most]

    def readable(self, pieces):
        """As the service tells it: scripts that the pieces lack, and letters that stand apart, say nothing to the model."""
        strange = sum(p == self.unknown for p in pieces)
        apart = sum(p in self.apart for p in pieces)
        return 5 * strange <= len(pieces) and 2 * apart <= len(pieces)
