"""Passages of free manuals, as benign rows: documents full of imperatives, in many languages, that no one aimed at a model.

    python3 manuals.py FOLDER > manuals.jsonl

Fetches the packages below with `apt-get download` into FOLDER and prints one row a passage. Nothing of them is kept here.
"""

import gzip
import hashlib
import html
import json
import pathlib
import re
import subprocess
import sys

PACKAGES = """apache2-doc apt-doc aptitude-doc-en bash-doc debian-faq debian-handbook debian-policy debmake-doc developers-reference
evolution-common exim4-doc-html fortunes-min git-doc gnome-user-docs gnucash-docs gramps harden-doc installation-guide-amd64
libreoffice-help-en-us maint-guide manpages mutt postgresql-doc-15 rt5-doc-html""".split()
ENDINGS = {".html", ".htm", ".page", ".xml", ".xhtml", ".txt", ".gz", ".md", ".docbook"}
# Characters of a passage, and passages of a package in English and in any other language.
SHORTEST, LONGEST = 120, 1400
ENGLISH, OTHER = 160, 50
SEED = "manuals"


def unpacked(folder, package):
    place = folder / package
    if not place.exists():
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, stdout=sys.stderr)
        [archive] = folder.glob(package + "_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, place], check=True)
    return place


def language(path):
    for part in reversed(path.parts):
        found = re.fullmatch(r"([a-z]{2})([_-][A-Za-z]{2})?", part) or re.search(r"\.([a-z]{2})(?:-[A-Z]{2}|\.UTF-8)?(?:\.[a-z0-9-]+)?\.html?$", part)
        if found:
            return found.group(1)
    return "en"


def text_of(path):
    raw = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    name = path.name.removesuffix(".gz")
    if re.search(r"\.[1-9]$", name):
        text = re.sub(r"^\.\\\".*$|^'.*$", "", text, flags=re.M)
        text = re.sub(r"^\.(SH|SS|TH|TP|PP|P|IP|LP|RS|RE|HP|nf|fi|in|ta|sp|br|EX|EE|UR|UE|ad|na).*$", "\n", text, flags=re.M)
        text = re.sub(r"^\.\w+ ?", "", text, flags=re.M)
        return re.sub(r"\\f.|\\[&,/|]|\\", "", text).replace('"', "")
    if "<" in text[:500]:
        text = re.sub(r"(?is)<(script|style|head|info|nav|title)\b.*?</\1>|<!--.*?-->", " ", text)
        text = re.sub(r"(?i)</?(p|div|li|h\d|tr|dt|dd|pre|section|item|title|para|br|table|ul|ol|steps?|note)\b[^>]*>", "\n\n", text)
        text = html.unescape(re.sub(r"<[^>]+>", "", text))
    return text


def passages(text):
    """Paragraphs together, up to a length."""
    held = ""
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = re.sub(r"\s+", " ", paragraph).strip()
        letters = sum(c.isalpha() for c in paragraph)
        if letters < 20 or letters < 0.6 * len(paragraph):
            continue
        if held and len(held) + len(paragraph) > LONGEST:
            yield held
            held = ""
        held = (held + "\n" + paragraph).strip()[:LONGEST]
    yield held


def order(text):
    return hashlib.sha256((SEED + text).encode()).digest()


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        found = {}
        for path in sorted(unpacked(folder, package).rglob("*")):
            if path.is_file() and not path.is_symlink() and path.suffix in ENDINGS and path.stat().st_size < 2_000_000 and path.name != "copyright":
                for passage in passages(text_of(path)):
                    if len(passage) >= SHORTEST:
                        found.setdefault(language(path), set()).add(passage)
        for code, some in sorted(found.items()):
            for text in sorted(some, key=order)[: ENGLISH if code == "en" else OTHER]:
                print(json.dumps({"text": text, "label": 0, "category": "benign", "source": f"manuals/{code}", "package": package}, ensure_ascii=False))


if __name__ == "__main__":
    main()
