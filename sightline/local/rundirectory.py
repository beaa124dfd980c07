"""Run directory of Prometheus, Alertmanager and Grafana: committed files, targets of this stack.

Prometheus' directory has the layout of compose's `/etc/prometheus`, so one `prometheus.yml` is
used in both.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from sightline import artefacts, private
from sightline.config import Config, Ports
from sightline.local import demo
from sightline.local.folder import VARIABLE


def url(port: int) -> str:
    """Return the address of a role for other programs."""
    return f"http://127.0.0.1:{port}"


def page(port: int) -> str:
    """Return the address of a role for browsers."""
    return f"http://localhost:{port}"


def prometheus(config: Config, folder: Path) -> Path:
    """Create Prometheus' directory below *folder* and return it."""
    home = folder / "prometheus"
    private.create_directory(home / "targets", root=folder, variable=VARIABLE)
    _link(home / "prometheus.yml", artefacts.PROMETHEUS / "prometheus.yml")
    _link(home / "rules", artefacts.PROMETHEUS / "rules" / config.rules)
    for name, jobs in _targets(config.ports).items():
        _write(home / "targets" / f"{name}.json", json.dumps(_groups(jobs), indent=2), root=folder)
    return home


def alertmanager(config: Config, folder: Path) -> Path:
    """Render Alertmanager's configuration for the receiver of this stack and return the file."""
    committed = (artefacts.PROMETHEUS / "alertmanager.yml").read_text(encoding="utf-8")
    hosts = {"http://control:8003": url(config.ports.control)}
    return _write(folder / "alertmanager.yml", _replace_all(committed, hosts), root=folder)


def grafana(config: Config, folder: Path) -> Path:
    """Render Grafana's provisioning files for this stack and return their directory."""
    hosts = {
        "http://prometheus:9090": url(config.ports.prometheus),
        "http://jaeger:16686": url(config.ports.jaeger_query),
        "http://alertmanager:9093": url(config.ports.alertmanager),
        "/etc/grafana/dashboards": str(artefacts.DASHBOARDS),
    }
    committed = artefacts.GRAFANA / "provisioning"
    for file in committed.rglob("*.yaml"):
        text = _replace_all(file.read_text(encoding="utf-8"), hosts)
        _write(folder / "grafana" / file.relative_to(committed), text, root=folder)
    return folder / "grafana"


def _targets(ports: Ports) -> Mapping[str, Mapping[str, int]]:
    """Return the files of `targets/` with the port of each job."""
    services = demo.SERVICES if demo.installed() else ()
    return {
        "services": {name: getattr(ports, name) for name in services},
        "prometheus": {"prometheus": ports.prometheus},
        "alertmanager": {"alertmanager": ports.alertmanager},
        "jaeger": {"jaeger": ports.jaeger_metrics},
        "span-metrics": {"span-metrics": ports.jaeger_span_metrics},
    }


def _groups(jobs: Mapping[str, int]) -> list[dict[str, object]]:
    return [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"job": job}} for job, port in jobs.items()
    ]


def _replace_all(text: str, replacements: Mapping[str, str]) -> str:
    for committed, ours in replacements.items():
        text = text.replace(committed, ours)
    return text


def _link(place: Path, target: Path) -> None:
    try:
        place.unlink(missing_ok=True)
        place.symlink_to(target)
    except OSError as error:
        raise private.as_configuration_error(error, place, variable=VARIABLE) from error


def _write(file: Path, text: str, *, root: Path) -> Path:
    private.create_directory(file.parent, root=root, variable=VARIABLE)
    return private.write(file, text, variable=VARIABLE)
