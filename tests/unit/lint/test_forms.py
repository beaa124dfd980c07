"""Files that contain more than one thing, or a thing in another form."""

import base64
import gzip
import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from sightline.errors import ConfigurationError
from sightline.lint.report import main
from sightline.lint.run import Run
from tests.linting import Json, asking, dashboard

UNNAMED = {name: value for name, value in dashboard().items() if name != "uid"}
RULES: Json = {"groups": [{"name": "a", "rules": [{"record": "up", "expr": "sum(up)"}]}]}
SOURCES: Json = {"datasources": [{"name": "Prometheus", "type": "prometheus"}]}
MODEL = dashboard(targets=[])["panels"][0]

IDENTITY, NAME = "sightline-identity", "rule/name"
FORMS: dict[str, tuple[object, set[str]]] = {
    "an answer of the API": ({"dashboard": UNNAMED, "meta": {"version": 3}}, {IDENTITY}),
    "Grafana's resource": (
        {
            "apiVersion": "dashboard.grafana.app/v1beta1",
            "kind": "Dashboard",
            "metadata": {"name": "shop"},
            "spec": UNNAMED | {"id": 3},
        },
        {IDENTITY},
    ),
    "the operator's resource": (
        {"kind": "GrafanaDashboard", "spec": {"json": json.dumps(UNNAMED)}},
        {IDENTITY},
    ),
    "the operator's compressed resource": (
        {
            "kind": "GrafanaDashboard",
            "spec": {
                "gzipJson": base64.b64encode(gzip.compress(json.dumps(UNNAMED).encode())).decode()
            },
        },
        {IDENTITY},
    ),
    "a config map": (
        {
            "kind": "ConfigMap",
            "data": {"shop.json": json.dumps(UNNAMED), "rules.yml": yaml.safe_dump(RULES)},
        },
        {IDENTITY, NAME},
    ),
    "a list of resources": (
        {"kind": "List", "items": [{"kind": "PrometheusRule", "spec": RULES}]},
        {NAME},
    ),
    "a panel of the library": (
        {"kind": 1, "name": "Orders", "model": MODEL},
        {"panel-no-targets-rule"},
    ),
    "an answer with a panel of the library": (
        {"result": {"model": MODEL}},
        {"panel-no-targets-rule"},
    ),
}

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file and returns its path."""

    def write(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def rules(path: Path) -> set[str]:
    return {finding.rule for finding in Run.of([path]).findings()}


@pytest.mark.parametrize(("document", "expected"), FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("name", ["form.json", "form.yaml"])
def test_a_form_is_read_like_the_thing_itself(
    write: Write, name: str, document: object, expected: set[str]
) -> None:
    text = json.dumps(document) if name.endswith("json") else yaml.safe_dump(document)

    assert rules(write(name, text)) == expected


def test_every_document_of_a_file_is_read_and_named(write: Write) -> None:
    path = write(
        "rules.yml", yaml.safe_dump_all([RULES, {"kind": "PrometheusRule", "spec": RULES}])
    )

    places = [finding.place for finding in Run.of([path]).findings()]

    assert places == ["document 1, record up", "document 2, record up"]


def test_a_panel_of_the_library_needs_no_query_in_the_dashboard(write: Write) -> None:
    document = dashboard() | {"panels": [{"id": 1, "libraryPanel": {"uid": "a", "name": "Orders"}}]}

    assert rules(write("shop.json", json.dumps(document))) == set()


def multiplied(levels: int) -> str:
    """Return YAML in which aliases stand for ten values to the power of *levels*."""
    names = "abcdefghij"[:levels]
    lines = [f"a: &a [{', '.join(['0'] * 10)}]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{of}'] * 10)}]" for of, name in pairwise(names)]
    return "\n".join(("panels: []", *lines))


def compressed(content: bytes) -> str:
    """Return a resource of Grafana's operator with the dashboard *content*."""
    spec = {"gzipJson": base64.b64encode(content).decode()}
    return json.dumps({"kind": "GrafanaDashboard", "spec": spec})


UNREAD = {
    "truncated JSON": ("a.json", json.dumps(dashboard())[:300], "yaml/parse"),
    "an empty file": ("a.json", "", "yaml/parse"),
    "truncated YAML": ("a.yml", yaml.safe_dump(RULES)[:-4] + "(: [", "yaml/parse"),
    "a template of Helm": (
        "a.yaml",
        "groups:\n{{- range .Values.rules }}\n- {{ . }}",
        "yaml/parse",
    ),
    "deep nesting": ("a.json", "[" * 100_000, "yaml/parse"),
    "an alias in itself": ("a.yml", "&a [*a]", "yaml/parse"),
    "a panel in itself": ("a.yml", "{panels: &a [{panels: *a}]}", "yaml/parse"),
    "an alias in itself beside panels": ("a.yml", "{panels: [], a: &a [*a]}", "yaml/parse"),
    "aliases for billions of values": ("a.yml", multiplied(9), "yaml/parse"),
    "a value that does not fit its tag": ("a.yml", "{groups: [], a: !!bool maybe}", "yaml/parse"),
    "no date": ("a.yml", "{groups: [], a: !!timestamp soon}", "yaml/parse"),
    "no digits": ("a.yml", "{groups: [], a: !!int ''}", "yaml/parse"),
    "a list as a key": ("a.yml", "{groups: [], [a]: b}", "yaml/parse"),
    "truncated gzip": ("a.json", compressed(gzip.compress(b"{}" * 99)[:20]), "yaml/parse"),
    "gzip that expands to more than memory": (
        "a.json",
        compressed(gzip.compress(b" " * 70_000_000)),
        "yaml/parse",
    ),
    "a dashboard of schema v2": ("a.json", '{"elements": {}, "layout": {}}', "sightline-unread"),
    "alerts of Grafana": (
        "a.yml",
        "groups: [{rules: [{title: x, condition: A, data: []}]}]",
        "sightline-unread",
    ),
    "a dashboard at a URL": (
        "a.yml",
        "{kind: GrafanaDashboard, spec: {url: 'http://localhost/x.json'}}",
        "sightline-unread",
    ),
    "truncated JSON in a config map": (
        "a.yml",
        """{kind: ConfigMap, data: {x.json: '{"panels": ['}}""",
        "yaml/parse",
    ),
}


@pytest.mark.parametrize(("name", "text", "rule"), UNREAD.values(), ids=list(UNREAD))
def test_what_cannot_be_read_is_named_and_sets_status_2(
    write: Write, capsys: pytest.CaptureFixture[str], name: str, text: str, rule: str
) -> None:
    path = write(name, text)

    status = main([str(path)])

    first, *_, summary = capsys.readouterr().out.splitlines()
    assert status == 2
    assert first.startswith(f"{path}: ")
    assert "not read: " in first
    assert first.endswith(f"[{rule}]")
    assert summary.endswith("1 file not read or not completely")


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"title": "caf\xe9"}')
    (tmp_path / "b.json").write_bytes(json.dumps(UNNAMED).encode("utf-16"))

    found = Run.of(sorted(tmp_path.iterdir())).findings()

    assert [(one.path.name, one.rule) for one in found] == [
        ("a.json", "yaml/parse"),
        ("b.json", IDENTITY),
    ]


def test_tags_and_operators_of_other_programs_are_read(write: Write) -> None:
    path = write("a.yml", f"{yaml.safe_dump(RULES)}---\n{{a: !Ref [b], c: !file d, operator: =}}\n")

    assert rules(path) == {NAME}


def test_every_file_is_counted(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write("shop.json", json.dumps(dashboard())).parent
    write("package.json", "{}")
    write("sources.yaml", yaml.safe_dump(SOURCES))
    write("broken.yml", "a: [")
    write("README.md", "# another suffix")

    main([str(folder)])

    assert capsys.readouterr().out.splitlines()[-1] == (
        "1 finding in 2 files: 1 yaml/parse; 1 file not read or not completely; "
        "1 file with other content skipped"
    )


def test_links_without_a_file_are_counted_and_pipes_are_no_files(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write("shop.json", json.dumps(dashboard())).parent
    (folder / "gone.json").symlink_to("nowhere.json")
    (folder / "loop.yml").symlink_to("loop.yml")
    os.mkfifo(folder / "pipe.json")

    status = main([str(folder)])

    assert status == 2
    assert capsys.readouterr().out.splitlines()[-1] == (
        "2 findings in 1 file: 2 yaml/parse; 2 files not read or not completely"
    )


def test_a_device_without_an_end_is_read_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/dev/zero"]) == 2
    assert "/dev/zero: not read: larger than 67108864 bytes" in capsys.readouterr().out


def test_a_finding_is_one_line_whatever_the_title_and_the_query(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    document = asking("sum(\nup\n") | {"uid": ""}
    document["panels"][0]["title"] = "Requests\nshop.json: no findings"

    main([str(write("shop.json", json.dumps(document)))])

    *findings, summary = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0][-9:] for line in findings] == ["shop.json"] * len(findings)
    assert summary.startswith(f"{len(findings)} findings")


def test_a_name_that_no_file_can_have_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="File name too long"):
        main(["a" * 300])


def test_an_exclusion_with_a_reason_makes_an_unread_file_acceptable(write: Write) -> None:
    path = write("chart.yaml", "{{ template }}")
    write(".lint", "exclusions: {yaml/parse: {reason: A chart of Helm.}}")

    assert Run.of([path]).unread == []
