"""Language of source, documents, panels, alerts and log lines: STYLE.md, "Language"."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sightline.artifacts import ROOT

ROOMS = (
    *(".changelog", ".ci", ".github", "demo_services", "deploy", "docs", "grafana"),
    *("instrumentation", "jaeger", "prometheus", "requirements", "sightline", "tests"),
)
SUFFIXES = frozenset(
    {"", ".css", ".html", ".in", ".js", ".json", ".md", ".mjs", ".py", ".sh", ".toml", ".yaml"}
    | {".yml"}
)
OF_OTHERS = {"LICENSE", ".coverage"}
"""Files that other people or programs wrote."""

RECORDED = ROOT / "tests" / "golden"
"""Output of other programs."""

GLOSSARY = ROOT / "docs" / "glossary.md"
TABLE = re.compile(r"^## Words that we do not write$.*", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ([a-z, ]+) \|", re.MULTILINE)

INTERROGATIVE = re.compile(r"(What|Whether|Who|Whom|Whose|Why|How|When|Where|Which)\b")


@cache
def forbidden_words() -> list[str]:
    """Return every word and phrase in the first column of the glossary's table."""
    table = TABLE.search(GLOSSARY.read_text(encoding="utf-8"))
    assert table, f"{GLOSSARY}: expected a section 'Words that we do not write'"
    cells = ROW.findall(table[0])
    return [word for cell in cells[1:] for word in cell.split(", ")]


def coinages(text: str) -> Iterator[str]:
    """Yield line and word of every coinage in *text*. Identifiers are split at underscores."""
    words = "|".join(word.replace(" ", r"[\s_]+") for word in forbidden_words())
    pattern = re.compile(rf"(?<![^\W_])({words})(?![^\W_])", re.IGNORECASE)
    for match in pattern.finditer(text):
        yield f"{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"


def questions(source: str) -> Iterator[str]:
    """Yield line and text of every docstring in *source* that begins with an interrogative."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))) if INTERROGATIVE.match(text.strip()):
                yield f"{node.lineno}: {text.strip().splitlines()[0]}"


def files() -> list[Path]:
    """Return every text file that people of this repository wrote."""
    below = [path for room in ROOMS for path in (ROOT / room).rglob("*")]
    return [
        path
        for path in sorted([*ROOT.iterdir(), *below])
        if path.is_file()
        and path.suffix in SUFFIXES
        and path.name not in OF_OTHERS
        and "node_modules" not in path.parts
        and not path.is_relative_to(RECORDED)
    ]


def prose(path: Path) -> str:
    """Return the text of *path*, without the glossary's table of forbidden words."""
    text = path.read_text(encoding="utf-8")
    return TABLE.sub("", text) if path == GLOSSARY else text


def test_a_docstring_begins_with_a_verb_or_a_noun() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for path in files()
        if path.suffix == ".py"
        for place in questions(prose(path))
    ]

    assert found == []


def test_no_text_contains_a_word_that_the_glossary_forbids() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}" for path in files() for place in coinages(prose(path))
    ]

    assert found == []


def test_the_check_finds_a_planted_docstring() -> None:
    source = 'LIMIT = 3\n"""How many."""\n\n\ndef ready():\n    """Whether it is ready."""\n'

    assert list(questions(source)) == ["2: How many.", "6: Whether it is ready."]


def test_the_check_finds_every_word_of_the_table() -> None:
    words = forbidden_words()

    assert len(words) > 20
    assert list(coinages("\n".join(words))) == [f"{n}: {w}" for n, w in enumerate(words, start=1)]


def test_the_check_finds_words_in_identifiers_and_across_lines() -> None:
    word = forbidden_words()[0]
    phrase = next(entry for entry in forbidden_words() if " " in entry)

    text = f"_{word}_all = 1\nA list {phrase.replace(' ', chr(10))} and {word}foo.\n"

    assert list(coinages(text)) == [f"1: {word}", f"2: {phrase.replace(' ', chr(10))}"]
