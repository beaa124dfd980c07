"""Formats of exported files: plain, for Kubernetes operators, for Mimir and for Terraform.

Every format has the same rules, dashboards and configuration of Alertmanager. The runbooks are
plain in each of them.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import yaml

from sightline.export import alertmanager
from sightline.export.alertmanager import Routing

Files = Mapping[str, str]
"""Text of files by their path."""

OBJECT_LIMIT_BYTES: Final = 1024 * 1024
"""Largest ConfigMap. Source: Kubernetes, "ConfigMaps", section "Motivation"."""

_NAME: Final = re.compile(r"[^a-z0-9]+")
_OPERATOR_FOLDER: Final = "/etc/alertmanager/config"
"""Folder of the Secret with the configuration. Source: prometheus-operator, "Alerting Routes"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Exported files before they get the form of a format."""

    rules: Files
    """Rule files of Prometheus by name, without a suffix."""
    dashboards: Files
    """Dashboards as JSON by uid."""
    alertmanager: Routing
    runbooks: Files
    """Pages by name of the alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Names of the objects in the system that receives the files."""

    name: str = "sightline"
    """Prefix of object names."""
    folder: str = "Sightline"
    """Folder of the dashboards in Grafana."""
    namespace: str = ""
    """Namespace of Kubernetes objects; that of ``kubectl`` if empty."""
    rule_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels by which a Prometheus of the operator selects its rules."""
    dashboard_labels: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"grafana_dashboard": "1"})
    )
    """Labels by which the sidecar or the operator finds dashboards."""


def plain(bundle: Bundle, target: Target) -> Files:
    """Return rule files of Prometheus and dashboards for provisioning."""
    del target
    return {
        **_rule_files(bundle),
        **_dashboard_files(bundle),
        **_alertmanager_files(bundle),
        **_runbooks(bundle),
    }


def prometheus_operator(bundle: Bundle, target: Target) -> Files:
    """Return ``PrometheusRule`` objects, a Secret for Alertmanager, ConfigMaps of dashboards."""
    return {
        **_prometheus_rules(bundle, target),
        **_config_maps(bundle, target),
        **_alertmanager_secret(bundle, target),
        **_runbooks(bundle),
    }


def grafana_sidecar(bundle: Bundle, target: Target) -> Files:
    """Return rule files of Prometheus, and ConfigMaps for the sidecar of Grafana."""
    return {
        **_rule_files(bundle),
        **_config_maps(bundle, target),
        **_alertmanager_files(bundle),
        **_runbooks(bundle),
    }


def grafana_operator(bundle: Bundle, target: Target) -> Files:
    """Return ``PrometheusRule`` and ``GrafanaDashboard`` objects, a Secret for Alertmanager."""
    dashboards = {
        f"kubernetes/dashboard-{uid}.yaml": _object(
            target,
            "grafana.integreatly.org/v1beta1",
            "GrafanaDashboard",
            uid,
            spec={
                "folder": target.folder,
                "instanceSelector": {"matchLabels": {"dashboards": "grafana"}},
                "json": text,
            },
        )
        for uid, text in bundle.dashboards.items()
    }
    return {
        **_prometheus_rules(bundle, target),
        **dashboards,
        **_alertmanager_secret(bundle, target),
        **_runbooks(bundle),
    }


def mimir(bundle: Bundle, target: Target) -> Files:
    """Return namespaces for ``mimirtool rules sync``, and a file for ``alertmanager load``.

    Mimir reads no files of secrets. The configuration has variables in their place.
    """
    rules = {
        f"mimir/rules/{name}.yaml": _yaml(
            {"namespace": f"{target.name}-{name}", "groups": _groups(text)}
        )
        for name, text in bundle.rules.items()
    }
    config = alertmanager.config(bundle.alertmanager, templates=alertmanager.TEMPLATES)
    return {
        **rules,
        **_dashboard_files(bundle),
        "mimir/alertmanager.yaml": alertmanager.render(alertmanager.without_files(config)),
        f"mimir/{alertmanager.TEMPLATES}": alertmanager.texts(bundle.alertmanager),
        **_runbooks(bundle),
    }


def terraform(bundle: Bundle, target: Target) -> Files:
    """Return a module with the folder and the dashboards; the rules are files for a ruler.

    Terraform's provider of Grafana has no resource for rules of Prometheus.
    """
    dashboards = {
        _identifier(uid): {
            "folder": "${grafana_folder.sightline.uid}",
            "config_json": f'${{file("${{path.module}}/grafana/dashboards/{uid}.json")}}',
            "overwrite": True,
        }
        for uid in bundle.dashboards
    }
    module = {
        "terraform": {"required_providers": {"grafana": {"source": "grafana/grafana"}}},
        "resource": {
            "grafana_folder": {"sightline": {"title": target.folder, "uid": target.name}},
            "grafana_dashboard": dashboards,
        },
    }
    return {
        "terraform/main.tf.json": json.dumps(module, indent=2, sort_keys=True) + "\n",
        **{f"terraform/{path}": text for path, text in _dashboard_files(bundle).items()},
        **_rule_files(bundle),
        **_alertmanager_files(bundle),
        **_runbooks(bundle),
    }


FORMATS: Final[Mapping[str, Callable[[Bundle, Target], Files]]] = MappingProxyType(
    {
        "plain": plain,
        "prometheus-operator": prometheus_operator,
        "grafana-sidecar": grafana_sidecar,
        "grafana-operator": grafana_operator,
        "mimir": mimir,
        "terraform": terraform,
    }
)
"""Formats by the value of ``--format``."""


def _rule_files(bundle: Bundle) -> Files:
    return {f"prometheus/rules/{name}.yml": text for name, text in bundle.rules.items()}


def _dashboard_files(bundle: Bundle) -> Files:
    return {f"grafana/dashboards/{uid}.json": text for uid, text in bundle.dashboards.items()}


def _alertmanager_files(bundle: Bundle) -> Files:
    files = alertmanager.files(bundle.alertmanager)
    return {f"alertmanager/{path}": text for path, text in files.items()}


def _alertmanager_secret(bundle: Bundle, target: Target) -> Files:
    """Return the configuration as a Secret, which names files of secrets and contains none.

    An ``AlertmanagerConfig`` cannot name such files, has no templates, and by default is limited to
    alerts of its own namespace.
    """
    path = f"{_OPERATOR_FOLDER}/{alertmanager.TEMPLATES}"
    config = alertmanager.config(bundle.alertmanager, templates=path)
    content = {
        "alertmanager.yaml": alertmanager.render(config),
        alertmanager.TEMPLATES: alertmanager.texts(bundle.alertmanager),
    }
    name = "alertmanager"
    return {
        f"kubernetes/{name}.yaml": _object(target, "v1", "Secret", name, stringData=content),
    }


def _runbooks(bundle: Bundle) -> Files:
    return {f"runbooks/{name}.md": text for name, text in bundle.runbooks.items()}


def _prometheus_rules(bundle: Bundle, target: Target) -> Files:
    return {
        f"kubernetes/rules-{name}.yaml": _object(
            target,
            "monitoring.coreos.com/v1",
            "PrometheusRule",
            name,
            labels=target.rule_labels,
            spec={"groups": _groups(text)},
        )
        for name, text in bundle.rules.items()
    }


def _config_maps(bundle: Bundle, target: Target) -> Files:
    return {
        f"kubernetes/dashboard-{uid}.yaml": _object(
            target,
            "v1",
            "ConfigMap",
            f"dashboard-{uid}",
            labels=target.dashboard_labels,
            annotations={"grafana_folder": target.folder},
            data={f"{uid}.json": text},
        )
        for uid, text in bundle.dashboards.items()
    }


def _object(  # noqa: PLR0913  the parts of an object
    target: Target,
    version: str,
    kind: str,
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **content: Any,
) -> str:
    """Return an object of Kubernetes.

    Raises:
        ValueError: The object is larger than Kubernetes accepts.
    """
    metadata: dict[str, Any] = {"name": _NAME.sub("-", f"{target.name}-{name}".lower()).strip("-")}
    if target.namespace:
        metadata["namespace"] = target.namespace
    metadata["labels"] = {"app.kubernetes.io/part-of": "sightline", **(labels or {})}
    if annotations:
        metadata["annotations"] = dict(annotations)
    text = _yaml({"apiVersion": version, "kind": kind, "metadata": metadata, **content})
    if len(text.encode()) > OBJECT_LIMIT_BYTES:
        raise ValueError(
            f"{kind} {metadata['name']} has {len(text.encode())} bytes: "
            f"expected at most {OBJECT_LIMIT_BYTES}"
        )
    return text


def _groups(text: str) -> Any:
    return yaml.safe_load(text)["groups"]


def _identifier(uid: str) -> str:
    return _NAME.sub("_", uid.lower())


class _Dumper(yaml.SafeDumper):
    """Dumper that writes texts of several lines as blocks."""


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _yaml(value: object) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return alertmanager.HEADER + text
