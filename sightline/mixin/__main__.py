"""Write every generated file and say which ones changed: this is ``make generate``."""

from pathlib import Path
from typing import Final

from sightline.mixin import generated

ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> None:
    """Bring the checkout up to date with the mixin."""
    for path in generated.stale(ROOT):
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    for name, text in generated.files().items():
        if _write(ROOT / name, text):
            print(f"wrote   {name}")


def _write(path: Path, text: str) -> bool:
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    main()
