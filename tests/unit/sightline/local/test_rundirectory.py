import json
from pathlib import Path

from sightline import artifacts
from sightline.config import Config
from sightline.local import rundirectory


def config(**environ: str) -> Config:
    return Config.from_env({"PROMETHEUS_PORT": "19090", "CONTROL_PORT": "18003", **environ})


def targets(home: Path, name: str) -> object:
    return json.loads((home / "targets" / f"{name}.json").read_text())


def test_prometheus_reads_the_committed_configuration(tmp_path: Path) -> None:
    home = rundirectory.prometheus(config(), tmp_path)

    assert (home / "prometheus.yml").resolve() == artifacts.PROMETHEUS / "prometheus.yml"


def test_the_rules_are_those_of_the_profile(tmp_path: Path) -> None:
    home = rundirectory.prometheus(config(SIGHTLINE_RULES="production"), tmp_path)

    assert (home / "rules").resolve() == artifacts.PROMETHEUS / "rules" / "production"


def test_another_profile_replaces_the_first(tmp_path: Path) -> None:
    rundirectory.prometheus(config(SIGHTLINE_RULES="production"), tmp_path)

    home = rundirectory.prometheus(config(SIGHTLINE_RULES="demo"), tmp_path)

    assert (home / "rules").resolve() == artifacts.PROMETHEUS / "rules" / "demo"


def test_targets_are_those_of_this_stack(tmp_path: Path) -> None:
    home = rundirectory.prometheus(config(), tmp_path)

    assert targets(home, "prometheus") == [
        {"targets": ["127.0.0.1:19090"], "labels": {"job": "prometheus"}}
    ]


def test_local_and_compose_have_the_same_jobs(tmp_path: Path) -> None:
    home = rundirectory.prometheus(config(), tmp_path)

    ours, committed = jobs(home / "targets"), jobs(artifacts.PROMETHEUS / "targets")

    assert ours == committed


def jobs(folder: Path) -> dict[str, list[str]]:
    return {
        file.name: [group["labels"]["job"] for group in json.loads(file.read_text())]
        for file in folder.iterdir()
    }


def test_alertmanager_notifies_the_receiver_of_this_stack(tmp_path: Path) -> None:
    text = rundirectory.alertmanager(config(), tmp_path).read_text()

    assert "http://127.0.0.1:18003/alerts" in text
    assert "http://control:8003" not in text


def test_grafana_queries_the_engines_of_this_stack(tmp_path: Path) -> None:
    folder = rundirectory.grafana(config(), tmp_path)

    sources = (folder / "datasources" / "datasources.yaml").read_text()
    dashboards = (folder / "dashboards" / "dashboards.yaml").read_text()

    assert "url: http://127.0.0.1:19090" in sources
    assert f"path: {artifacts.DASHBOARDS}" in dashboards


def test_links_of_jaegers_pages_lead_to_this_stack(tmp_path: Path) -> None:
    text = (rundirectory.jaeger(config(), tmp_path) / "ui.json").read_text()

    assert '"http://localhost:18003/"' in text
    assert '"http://localhost:19090/"' in text
    assert "localhost:8003" not in text


def test_links_are_right_when_two_programs_swap_their_ports(tmp_path: Path) -> None:
    swapped = config(GRAFANA_PORT="9090", PROMETHEUS_PORT="3000")

    menu = json.loads((rundirectory.jaeger(swapped, tmp_path) / "ui.json").read_text())["menu"]

    urls = {item["label"]: item["url"] for item in menu[0]["items"]}
    assert urls["Dashboards"] == "http://localhost:9090/"
    assert urls["Prometheus"] == "http://localhost:3000/"
