"""Code blocks of the documentation with their runners."""

import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from sightline.artifacts import ROOT

_FENCE = re.compile(r"^( *)```(?P<runner>[^\n`]*)\n(?P<code>.*?)^\1```$", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_PROMPT_AND_VARIABLES = re.compile(r"^\s*(\$ )?([A-Z][A-Z_]*=\S* (… )?)*")
_CHECKOUT_PATH = re.compile(r"^\.(/|venv/|ci/)")
_EXPLANATION = re.compile(r"(?<=\w) {3,}\S.*$")
"""Explanation in a column after a command of a text block."""
_SHELL_CHARACTERS = frozenset("&|;<>")
"""Characters of a word that ends the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Fenced block of a page."""

    page: Path
    line: int
    runner: str
    code: str

    @property
    def place(self) -> str:
        """Page and line, in the form that editors open."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages(*rooms: str) -> list[Path]:
    """Return the Markdown pages in the root folder and below *rooms*, by default in all rooms."""
    selected = rooms or ("docs", "deploy", ".changelog")
    nested = [page for room in selected for page in (ROOT / room).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *nested])


def blocks(*runners: str) -> list[Block]:
    """Return the blocks of *runners*, or all blocks without an argument."""
    return [
        block
        for page in pages()
        for block in _parse(page)
        if not runners or block.runner in runners
    ]


def _parse(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(
            page=page,
            line=text.count("\n", 0, match.start()) + 1,
            runner=match["runner"].strip(),
            code=match["code"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Command on a page."""

    line: int
    words: tuple[str, ...]


def commands(page: Path, programs: Collection[str]) -> Iterator[Command]:
    """Yield the commands on *page*, in shell and text blocks and in inline code.

    Args:
        programs: First words of commands. A path to a program of the checkout is one, too.
    """
    text = page.read_text(encoding="utf-8")
    for block in _parse(page):
        if block.runner == "text" or block.runner.startswith("sh "):
            for number, line in _lines(block):
                yield from _command(number, line, programs)
    prose = _FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for code in _INLINE.finditer(prose):
        yield from _command(prose.count("\n", 0, code.start()) + 1, code[1], programs)


def _lines(block: Block) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line. Lines after a backslash belong to the first one."""
    number = block.line + 1
    for joined in re.findall(r"(?:.*\\\n)*.*\n", block.code):
        yield number, re.sub(r"\\\n *", "", joined)
        number += joined.count("\n")


def _command(line: int, text: str, programs: Collection[str]) -> Iterator[Command]:
    command = _PROMPT_AND_VARIABLES.sub("", text)
    first = command.split(maxsplit=1)[0] if command.strip() else ""
    if first in programs or _CHECKOUT_PATH.match(first):
        words = shlex.split(_EXPLANATION.sub("", command), comments=True)
        yield Command(line=line, words=tuple(takewhile(_SHELL_CHARACTERS.isdisjoint, words)))
