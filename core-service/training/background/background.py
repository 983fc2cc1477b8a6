#!/usr/bin/env python3
"""Writes how telling words are, for denied topics, to standard output.

    python3 core-service/training/background/background.py > core-service/src/classify/topics/background.txt

A word says little about a topic when it stands in many of the texts beside this folder, or in a good part of those of
its language, or early in the vocabulary of the second stage, which is in the order of frequency, or in `common_words.txt`. Each line is a tenth, 0 to 8, and the words
that are worth so much; words that are worth 10 are left out. Lines `field` say the same of the fields of words in
`core-service/src/classify/topics/fields`.
"""

import json
import math
import pathlib
import re
import unicodedata
from collections import Counter, defaultdict

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src" / "classify"
# Hand-written common words are worth this much at most, before scaling.
COMMON = 0.2
# Texts that a language is taken to have besides those that are there.
FEW = 200
# Below this a word is worth nothing.
LEAST = 0.45


def words(text):
    folded = unicodedata.normalize("NFKD", text.lower())
    folded = "".join(c for c in folded if not unicodedata.combining(c)).replace("ı", "i").replace("ł", "l").replace("ø", "o")
    return [re.sub(r"\d+", "0", word) for word in re.findall(r"[^\W_]+", folded)]


def lines():
    for folder in ["benign", "documents", "attacks", "harm"]:
        for file in sorted((HERE.parent / folder).glob("*.txt")):
            if folder == "harm" and "neighbours" not in file.name:
                continue
            language = "en"
            for line in file.read_text().splitlines():
                if line.startswith("# language: "):
                    language = line.split(": ")[1]
                if not line.startswith("#"):
                    tag = re.match(r"\[([\w-]+)\]\s*", line)
                    line = re.sub(r"\{(\w+)\}", " ", line[tag.end() :] if tag else line).strip()
                    if line:
                        yield (tag.group(1) if tag else language), words(line)


def fields():
    exact, stems, names = defaultdict(set), defaultdict(set), []
    for file in sorted((SOURCE / "topics" / "fields").glob("*.txt")):
        for line in file.read_text().splitlines():
            if line.startswith("["):
                names.append(line.strip("[]\n"))
                continue
            for entry in line.split():
                entry = entry.lstrip("~")
                if entry.endswith("*"):
                    stems["".join(words(entry[:-1]))].add(names[-1])
                else:
                    for word in words(entry):
                        exact[word].add(names[-1])
    return exact, stems, names


def main():
    texts = list(lines())
    count, sizes, by_language = Counter(), Counter(), defaultdict(Counter)
    for language, text in texts:
        count.update(set(text))
        sizes[language] += 1
        by_language[language].update(set(text))
    vocabulary = json.loads((SOURCE / "second" / "tokenizer.json").read_text())["model"]["vocab"]
    ordered = [w for w, _ in sorted(vocabulary.items(), key=lambda entry: entry[1]) if w.isascii() and w.isalpha() and len(w) > 1]
    rank = {word: place for place, word in enumerate(ordered)}
    common = set()
    for line in (HERE / "common_words.txt").read_text().splitlines():
        if not line.startswith("#"):
            common.update(words(line.split(":", 1)[1]))

    def worth(word):
        seen = count[word]
        here = min(1.0, math.log((len(texts) + 1) / (seen + 0.5)) / math.log((len(texts) + 1) / 1.5)) if seen else 1.0
        value = (here + math.log(rank[word] + 3) / math.log(13000)) / 2 if word in rank else here
        for language, seen in by_language.items():
            # Seen once is chance, and there are few texts of most languages.
            if seen[word] >= 2:
                value = min(value, math.log((sizes[language] + FEW) / seen[word]) / math.log(len(texts) + 1))
        if word in common or len(word) == 1:
            value = min(value, COMMON)
        return max(0.0, (value - LEAST) / (1 - LEAST))

    tenths = defaultdict(list)
    for word in sorted(set(count) | set(rank) | common):
        if (tenth := round(10 * worth(word))) < 9:
            tenths[tenth].append(word)
    for tenth, group in sorted(tenths.items()):
        print(tenth, *group)

    exact, stems, names = fields()
    seen = Counter()
    for _, text in texts:
        found = set()
        for word in set(text):
            found |= exact.get(word, set()).union(*(stems.get(word[:end], set()) for end in range(3, len(word) + 1)))
        seen.update(found)
    for name in names:
        value = min(1.0, math.log((len(texts) + 1) / (seen[name] + 1)) / math.log((len(texts) + 1) / 20))
        print("field", name, f"{value:.2f}")


if __name__ == "__main__":
    main()
