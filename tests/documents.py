"""Code blocks of the documentation, each with the runner its fence names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sightline.artefacts import ROOT

_FENCE = re.compile(r"^( *)```(?P<runner>[^\n`]*)\n(?P<code>.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    runner: str
    code: str

    @property
    def place(self) -> str:
        """Page and line, as an editor jumps to it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    rooms = ("docs", "deploy", ".changelog")
    below = [page for room in rooms for page in (ROOT / room).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *below])


def blocks(*runners: str) -> list[Block]:
    """The blocks that one of *runners* runs; all of them without an argument."""
    return [
        block for page in pages() for block in _of(page) if not runners or block.runner in runners
    ]


def _of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield Block(
            page=page,
            line=text.count("\n", 0, match.start()) + 1,
            runner=match["runner"].strip(),
            code=match["code"],
        )
