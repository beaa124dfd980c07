"""Folder of dashboards."""

import json
from pathlib import Path

from sightline.viewer.model.folder import Folder


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(json.dumps({"uid": "b", "title": "B", "panels": []}))
    folder = Folder(tmp_path)

    assert list(folder.dashboards()) == ["b"]
    assert len(folder.problems) == 1


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"uid": "a", "title": "A", "panels": []}))
    folder = Folder(tmp_path)
    before = folder.dashboards()["a"].title

    file.write_text(json.dumps({"uid": "a", "title": "Another", "panels": []}))

    assert (before, folder.dashboards()["a"].title) == ("A", "Another")


def test_a_second_file_with_the_same_uid_is_reported(tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = json.dumps({"uid": "shop", "title": name, "panels": []})
        (tmp_path / f"{name}.json").write_text(text)
    folder = Folder(tmp_path)

    assert folder.dashboards()["shop"].title == "a"
    assert folder.problems == ["b.json: another file has the uid shop, too"]
