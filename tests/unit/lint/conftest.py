"""Lint of one document."""

import json
from pathlib import Path

import pytest
import yaml

from sightline.lint.run import lint
from tests.linting import Json, Lint


@pytest.fixture
def found(tmp_path: Path) -> Lint:
    """Return a function that lints a document and returns the names of rules with findings."""

    def found(document: Json, name: str = "shop.json") -> set[str]:
        path = tmp_path / name
        text = json.dumps(document) if path.suffix == ".json" else yaml.safe_dump(document)
        path.write_text(text, encoding="utf-8")
        return {finding.rule for finding in lint([path])}

    return found
