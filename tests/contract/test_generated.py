"""What is generated is committed, and nothing else lies in its folders."""

from sightline.artefacts import ROOT
from sightline.mixin import generated


def test_committed_files_are_what_the_mixin_writes() -> None:
    files = generated.files()

    committed = {name: (ROOT / name).read_text(encoding="utf-8") for name in files}

    assert committed == files


def test_generated_folders_hold_nothing_else() -> None:
    assert list(generated.stale(ROOT)) == []
