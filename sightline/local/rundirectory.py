"""Run directory of Prometheus, Alertmanager and Grafana: committed files, targets of this stack.

Prometheus' directory has the layout of compose's `/etc/prometheus`, so one `prometheus.yml` is
used in both.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from sightline import artifacts, private
from sightline.config import Config, Ports
from sightline.environment import Environment
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
    _link(home / "prometheus.yml", artifacts.PROMETHEUS / "prometheus.yml")
    _link(home / "rules", artifacts.PROMETHEUS / "rules" / config.rules)
    for name, jobs in _targets(config.ports).items():
        _write(home / "targets" / f"{name}.json", json.dumps(_groups(jobs), indent=2), root=folder)
    return home


def alertmanager(config: Config, folder: Path) -> Path:
    """Render Alertmanager's configuration for the receiver of this stack and return the file."""
    committed = (artifacts.PROMETHEUS / "alertmanager.yml").read_text(encoding="utf-8")
    hosts = _replaced_hosts(config.ports, control="control")
    return _write(folder / "alertmanager.yml", _replace_all(committed, hosts), root=folder)


def jaeger(config: Config, folder: Path) -> Path:
    """Render the links of Jaeger's pages for this stack and return their directory."""
    links = _replaced_pages(config.ports, "grafana", "prometheus", "alertmanager", "control")
    committed = (artifacts.JAEGER / "ui.json").read_text(encoding="utf-8")
    _write(folder / "jaeger" / "ui.json", _replace_all(committed, links), root=folder)
    return folder / "jaeger"


def grafana(config: Config, folder: Path) -> Path:
    """Render Grafana's provisioning files for this stack and return their directory."""
    hosts = {
        **_replaced_hosts(
            config.ports,
            prometheus="prometheus",
            jaeger="jaeger_query",
            alertmanager="alertmanager",
        ),
        "/etc/grafana/dashboards": str(artifacts.DASHBOARDS),
    }
    committed = artifacts.GRAFANA / "provisioning"
    for file in committed.rglob("*.yaml"):
        text = _replace_all(file.read_text(encoding="utf-8"), hosts)
        _write(folder / "grafana" / file.relative_to(committed), text, root=folder)
    return folder / "grafana"


def _targets(ports: Ports) -> Mapping[str, Mapping[str, int]]:
    """Return the files of `targets/` with the port of each job."""
    return {
        "services": {name: getattr(ports, name) for name in demo.SERVICES},
        "prometheus": {"prometheus": ports.prometheus},
        "alertmanager": {"alertmanager": ports.alertmanager},
        "jaeger": {"jaeger": ports.jaeger_metrics},
        "span-metrics": {"span-metrics": ports.jaeger_span_metrics},
    }


def _groups(jobs: Mapping[str, int]) -> list[dict[str, object]]:
    return [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"job": job}} for job, port in jobs.items()
    ]


def _replaced_hosts(ports: Ports, **listeners: str) -> dict[str, str]:
    """Return the address on this machine by that in compose, for each host and its *listeners*.

    The committed files have the ports of `.env`.
    """
    committed = _committed_ports()
    return {
        f"http://{host}:{getattr(committed, name)}": url(getattr(ports, name))
        for host, name in listeners.items()
    }


def _replaced_pages(ports: Ports, *listeners: str) -> dict[str, str]:
    """Return the address for browsers of each of *listeners*, by the committed one."""
    committed = _committed_ports()
    return {page(getattr(committed, name)): page(getattr(ports, name)) for name in listeners}


def _committed_ports() -> Ports:
    return Ports.of(Environment.read({}, env_file=artifacts.ENV_FILE))


def _replace_all(text: str, replacements: Mapping[str, str]) -> str:
    """Replace in one pass, because a port of this stack can be the committed one of another."""
    pattern = "|".join(map(re.escape, replacements))
    return re.sub(pattern, lambda found: replacements[found[0]], text)


def _link(place: Path, target: Path) -> None:
    try:
        place.unlink(missing_ok=True)
        place.symlink_to(target)
    except OSError as error:
        raise private.as_configuration_error(error, place, variable=VARIABLE) from error


def _write(file: Path, text: str, *, root: Path) -> Path:
    private.create_directory(file.parent, root=root, variable=VARIABLE)
    return private.write(file, text, variable=VARIABLE)
