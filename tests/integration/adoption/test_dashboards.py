"""Variables of exported dashboards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sightline.artifacts import DASHBOARDS
from tests.exports import ADOPTION, adopt, export

ENVIRONMENT = ADOPTION.replace("{cluster: k8s_cluster}", "{also: [environment]}")


def variables(folder: Path, key: str, value: str) -> Iterator[dict[str, Any]]:
    """Yield the variable of each dashboard in *folder* whose *key* has this *value*."""
    for path in sorted(folder.glob("*.json")):
        listed = json.loads(path.read_text())["templating"]["list"]
        yield from (one for one in listed if one.get(key) == value)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Dashboards for services whose targets have the label ``environment``."""
    return export(adopt(tmp_path, ENVIRONMENT)) / "grafana" / "dashboards"


def test_a_label_of_the_adoption_file_is_a_variable_of_every_dashboard(exported: Path) -> None:
    found = list(variables(exported, "name", "environment"))

    assert len(found) == len(list(variables(exported, "name", "cluster")))
    assert {one["label"] for one in found} == {"Environment"}


def test_services_are_those_of_the_selected_environment(exported: Path) -> None:
    found = list(variables(exported, "name", "job"))

    assert found != []
    assert [one for one in found if 'environment=~"$environment|"' not in one["definition"]] == []


def test_a_data_source_is_selected_where_there_may_be_several(exported: Path) -> None:
    own = {one["hide"] for one in variables(DASHBOARDS, "type", "datasource")}
    others = {one["hide"] for one in variables(exported, "type", "datasource")}

    assert (own, others) == ({2}, {0})
