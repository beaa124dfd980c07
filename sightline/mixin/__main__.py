"""Write every generated file and print the ones that changed: ``make generate``."""

import argparse
from pathlib import Path
from typing import Final

from sightline.mixin import generated
from sightline.mixin.links import LOCAL, Links

ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> None:
    """Bring the checkout up to date with this package."""
    links = _parse_links()
    for path in generated.stale(ROOT):
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    for name, text in generated.files(links).items():
        if generated.write(ROOT / name, text):
            print(f"wrote   {name}")


def _parse_links() -> Links:
    parser = argparse.ArgumentParser(prog="python -m sightline.mixin", description=__doc__)
    parser.add_argument(
        "--dashboards-url", default=LOCAL.dashboards, metavar="URL", help="address of Grafana"
    )
    parser.add_argument(
        "--runbooks-url",
        default=LOCAL.runbooks,
        metavar="URL",
        help="address of a runbook, with {alert} for the name of its alert",
    )
    parsed = parser.parse_args()
    return Links(dashboards=parsed.dashboards_url, runbooks=parsed.runbooks_url)


if __name__ == "__main__":
    main()
