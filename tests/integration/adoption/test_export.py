"""`sightline export` for an existing Prometheus, Alertmanager and Grafana."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from sightline.export.formats import FORMATS
from sightline.lint import report
from tests import promtool
from tests.exports import ADOPTION, adopt, alerts, contents, export


@pytest.fixture
def adoption(tmp_path: Path) -> Path:
    return adopt(tmp_path)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Export in a format, once for all tests that only read it."""
    adoption = adopt(tmp_path_factory.mktemp("adoption"))
    return cache(lambda form: export(adoption, form))


@pytest.mark.parametrize("form", FORMATS)
def test_a_second_export_changes_nothing(
    form: str, adoption: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = contents(export(adoption, form))
    counts = re.search(r": (\d+) files, (\d+) written", capsys.readouterr().out)

    second = contents(export(adoption, form))

    assert counts is not None
    assert counts[1] == counts[2]
    assert second == first
    assert capsys.readouterr().out.endswith(", 0 written, 0 removed\n")


@pytest.mark.parametrize(
    ("form", "folder", "groups"),
    [
        ("prometheus-operator", "kubernetes/rules-*.yaml", ("spec", "groups")),
        ("grafana-operator", "kubernetes/rules-*.yaml", ("spec", "groups")),
        ("mimir", "mimir/rules/*.yaml", ("groups",)),
        ("terraform", "prometheus/rules/*.yml", ("groups",)),
    ],
)
def test_every_format_has_the_same_rules(
    form: str, folder: str, groups: tuple[str, ...], exported: Callable[[str], Path]
) -> None:
    plain = sorted((exported("plain") / "prometheus" / "rules").glob("*.yml"))
    found = [yaml.safe_load(path.read_text()) for path in sorted(exported(form).glob(folder))]

    for key in groups:
        found = [document[key] for document in found]

    assert found == [yaml.safe_load(path.read_text())["groups"] for path in plain]


@pytest.mark.parametrize(
    ("form", "dashboard"),
    [
        ("prometheus-operator", lambda each: next(iter(each["data"].values()))),
        ("grafana-sidecar", lambda each: next(iter(each["data"].values()))),
        ("grafana-operator", lambda each: each["spec"]["json"]),
    ],
)
def test_every_format_has_the_same_dashboards(
    form: str, dashboard: Callable[[Any], str], exported: Callable[[str], Path]
) -> None:
    plain = sorted((exported("plain") / "grafana" / "dashboards").glob("*.json"))
    objects = sorted((exported(form) / "kubernetes").glob("dashboard-*.yaml"))

    found = [dashboard(yaml.safe_load(path.read_text())) for path in objects]

    assert found == [path.read_text() for path in plain]


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("prometheus-operator", lambda out: content_of_secret(out, "alertmanager.yaml")),
        ("grafana-operator", lambda out: content_of_secret(out, "alertmanager.yaml")),
        ("terraform", lambda out: (out / "alertmanager" / "alertmanager.yml").read_text()),
    ],
)
def test_every_format_has_the_same_routes(
    form: str, read: Callable[[Path], str], exported: Callable[[str], Path]
) -> None:
    plain = yaml.safe_load((exported("plain") / "alertmanager" / "alertmanager.yml").read_text())

    found = yaml.safe_load(read(exported(form)))

    assert {**found, "templates": plain["templates"]} == plain


def test_a_secret_has_the_texts_where_its_configuration_reads_them(
    exported: Callable[[str], Path],
) -> None:
    texts = exported("plain") / "alertmanager" / "templates" / "notifications.tmpl"
    out = exported("prometheus-operator")

    config = yaml.safe_load(content_of_secret(out, "alertmanager.yaml"))

    assert config["templates"] == ["/etc/alertmanager/config/notifications.tmpl"]
    assert content_of_secret(out, "notifications.tmpl") == texts.read_text()


def content_of_secret(out: Path, key: str) -> str:
    """Return the value of *key* in the exported Secret."""
    document = yaml.safe_load((out / "kubernetes" / "alertmanager.yaml").read_text())
    text: str = document["stringData"][key]
    return text


@pytest.mark.parametrize("form", ["prometheus-operator", "grafana-operator"])
def test_an_object_is_selected_by_its_labels_and_fits(
    form: str, exported: Callable[[str], Path]
) -> None:
    texts = [path.read_text() for path in (exported(form) / "kubernetes").iterdir()]
    rules = [each for each in map(yaml.safe_load, texts) if each["kind"] == "PrometheusRule"]

    assert max(map(len, texts)) < 1024 * 1024
    assert {each["metadata"]["namespace"] for each in rules} == {"monitoring"}
    assert {each["metadata"]["labels"]["release"] for each in rules} == {"prometheus"}


@pytest.mark.parametrize("major", [2, 3])
def test_prometheus_accepts_the_rules(major: int, exported: Callable[[str], Path]) -> None:
    rules = sorted((exported("plain") / "prometheus" / "rules").glob("*.yml"))

    found = promtool.complaints(promtool.binary(major), "check", "rules", "--lint=all", *rules)

    assert found == ""


def test_every_link_leads_to_the_addresses_of_the_adoption_file(
    exported: Callable[[str], Path],
) -> None:
    keys = ("dashboard_url", "runbook_url", "prometheus_url")
    links = [tuple(each["annotations"][key] for key in keys) for each in alerts(exported("plain"))]

    dashboard, runbook, prometheus = zip(*links, strict=True)
    assert {url.partition("/d/sl-")[0] for url in dashboard} == {"https://grafana.example.com"}
    assert {url.rpartition("/")[0] for url in runbook} == {"https://wiki.example.com"}
    assert "https://prometheus.example.com/alerts?search=ServiceDown" in prometheus


def test_every_link_of_a_rule_or_dashboard_resolves(
    exported: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    out = exported("plain")
    uids = {path.stem for path in (out / "grafana" / "dashboards").glob("*.json")}
    pages = {path.stem for path in (out / "runbooks").glob("*.md")}
    annotations = [alert["annotations"] for alert in alerts(out)]

    report.main([str(out / "grafana" / "dashboards")])

    assert {urlsplit(each["dashboard_url"]).path.split("/")[2] for each in annotations} <= uids
    assert {PurePosixPath(each["runbook_url"]).stem for each in annotations} <= pages
    assert "sightline-links" not in capsys.readouterr().out


def test_the_text_of_no_file_names_this_machine(exported: Callable[[str], Path]) -> None:
    files = contents(exported("plain"))

    assert [
        name for name, text in files.items() if "localhost" in text and "runbooks" not in name
    ] == []


def test_thresholds_hold_for_all_services_or_for_one(exported: Callable[[str], Path]) -> None:
    exprs = {alert["alert"]: alert["expr"] for alert in alerts(exported("plain"))}

    assert "> 0.7" in exprs["WorkerThreadsExhausted"]
    assert "> 10" in exprs["HttpServerLatencyHigh"]
    assert 'label_replace(vector(1), "job", "report", "", "")' in exprs["HttpServerLatencyHigh"]


def test_disabled_files_and_alerts_are_left_out(exported: Callable[[str], Path]) -> None:
    out = exported("plain")

    assert not (out / "prometheus" / "rules" / "jaeger.yml").exists()
    assert "ExemplarsMissing" not in [alert["alert"] for alert in alerts(out)]


def test_a_file_that_is_no_longer_needed_is_removed(adoption: Path) -> None:
    before = contents(export(adoption)).keys()
    adopt(adoption.parent, ADOPTION.replace("[jaeger", "[jaeger, processes"))

    after = contents(export(adoption)).keys()

    assert before - after == {"prometheus/rules/processes.yml"}


def test_a_directory_with_other_files_is_not_touched(adoption: Path) -> None:
    (adoption.parent / "plain").mkdir()
    (adoption.parent / "plain" / "mine.yml").write_text("mine")

    with pytest.raises(Exception, match="is not empty and was not written by this command"):
        export(adoption)

    assert contents(adoption.parent / "plain") == {"mine.yml": "mine"}
