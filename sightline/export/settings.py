"""The adoption file ``sightline.yaml``: labels, addresses, thresholds and names of an organization.

`sightline/export/schema.json` describes the file for editors, and `docs/reference/adoption.md` for
readers.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sightline.export import receivers, times
from sightline.export.alertmanager import Routing
from sightline.export.formats import Target
from sightline.export.thresholds import known_alerts, read_thresholds
from sightline.mixin import catalogue, clock, histograms
from sightline.mixin.adoption import Adoption
from sightline.mixin.config import LONGEST_SCRAPE_INTERVAL, PRODUCTION, Profile
from sightline.mixin.links import LOCAL, Links
from sightline.mixin.places import REPLACEABLE, Places
from sightline.mixin.slo.document import Fields, read_documents
from sightline.mixin.slo.objective import SloError

_URL: Final = re.compile(r"https?://[^\s/]+[^\s]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_UID_PREFIX: Final = re.compile(r"[a-zA-Z0-9_-]{0,16}")
_EXTENSIBLE: Final = REPLACEABLE[-1]
"""Label beside which further labels stand."""

_TAKEN: Final = frozenset({"alertname", "instance", "job", "le", "severity", "slo"})
"""Labels with a meaning in the rules, which are no place of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Content of an adoption file."""

    adoption: Adoption = field(default_factory=Adoption)
    routing: Routing = field(default_factory=Routing)
    target: Target = field(default_factory=Target)
    objectives: tuple[Path, ...] = ()
    """Files with objectives, in their order."""


def read(path: Path) -> Settings:
    """Return the content of the adoption file *path*.

    Raises:
        SloError: Names file, line, key and expectation.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise SloError(f"{path}: expected one document, found {len(documents)}")
    return _read(documents[0], path.parent)


def _read(document: Fields, folder: Path) -> Settings:
    places = _places(document.optional_section("identity"))
    kubernetes = document.optional_section("kubernetes")
    grafana = document.optional_section("grafana")
    settings = Settings(
        adoption=_adoption(document, grafana, places),
        routing=_routing(document, places),
        target=_target(kubernetes, grafana),
        objectives=_objectives(document, folder),
    )
    for section in (grafana, kubernetes, document):
        section.finish()
    return settings


def _adoption(document: Fields, grafana: Fields, places: Places) -> Adoption:
    sources = grafana.optional_section("datasources")
    values, overrides = read_thresholds(document)
    adoption = Adoption(
        places=places,
        profile=_profile(document),
        histograms=_histograms(document),
        links=_links(document.optional_section("urls")),
        uid_prefix=_uid_prefix(grafana),
        prometheus_uid=sources.text("prometheus", Adoption().prometheus_uid),
        jaeger_uid=sources.text("jaeger", Adoption().jaeger_uid),
        alert_labels=document.labels("alert_labels"),
        disabled=_disabled(document),
        thresholds=values,
        overrides=overrides,
    )
    sources.finish()
    return adoption


def _places(identity: Fields) -> Places:
    """Return the labels of the organization in place of the default ones."""
    names: dict[str, tuple[str, ...]]
    names = {label: (identity.text(label, label),) for label in REPLACEABLE}
    for label in identity.texts("without"):
        if label not in REPLACEABLE:
            raise identity.problem(
                "without", f"without: {label!r} expected one of {', '.join(REPLACEABLE)}"
            )
        names[label] = ()
    for label in REPLACEABLE:
        _check_place(identity, label, names[label])
    also = identity.texts("also")
    _check_place(identity, "also", also)
    names[_EXTENSIBLE] += also
    identity.finish()
    found = {label: tuple(dict.fromkeys(given)) for label, given in names.items()}
    return Places(names={label: given for label, given in found.items() if given != (label,)})


def _check_place(identity: Fields, key: str, names: Iterable[str]) -> None:
    for name in names:
        if not _LABEL.fullmatch(name) or name in _TAKEN:
            raise identity.problem(key, f"{key}: {name!r} cannot name a place of services")


def _profile(document: Fields) -> Profile:
    key = "scrape_interval"
    interval = document.text(key, PRODUCTION.scrape_interval)
    try:
        length = clock.seconds(interval)
    except ValueError as error:
        raise document.problem(key, f"{key}: {error}") from error
    if not 1 <= length <= clock.seconds(LONGEST_SCRAPE_INTERVAL):
        raise document.problem(
            key,
            f"{key}: {interval} expected 1s to {LONGEST_SCRAPE_INTERVAL}, because Prometheus "
            "forgets a sample after 5m",
        )
    return replace(PRODUCTION, scrape_interval=interval)


def _histograms(document: Fields) -> histograms.Kind:
    name = document.text("histograms", "classic")
    kind = next((kind for kind in histograms.KINDS if kind == name), None)
    if kind is None:
        raise document.problem(
            "histograms", f"histograms: {name!r} expected one of {', '.join(histograms.KINDS)}"
        )
    return kind


def _links(urls: Fields) -> Links:
    links = Links(
        dashboards=_url(urls, "grafana", LOCAL.dashboards),
        runbooks=_url(urls, "runbooks", LOCAL.runbooks),
        prometheus=_url(urls, "prometheus", LOCAL.prometheus),
    )
    if "{alert}" not in links.runbooks:
        raise urls.problem(
            "runbooks",
            f"runbooks: {links.runbooks!r} has no {{alert}}: expected it in place of the name of "
            "the alert, like https://runbooks.example.com/{alert}",
        )
    urls.finish()
    return links


def _url(urls: Fields, key: str, default: str) -> str:
    if key not in urls:
        urls.ignore(key)
        return default
    url = urls.text(key).rstrip("/")
    if not _URL.fullmatch(url):
        raise urls.problem(key, f"{key}: {url!r} expected a URL like https://{key}.example.com")
    return url


def _uid_prefix(grafana: Fields) -> str:
    prefix = grafana.text("uid_prefix", "")
    if not _UID_PREFIX.fullmatch(prefix):
        raise grafana.problem(
            "uid_prefix",
            f"uid_prefix: {prefix!r} expected at most 16 letters, digits, underscores and hyphens",
        )
    return prefix


def _disabled(document: Fields) -> frozenset[str]:
    """Return the rule files and alerts to leave out: those disabled, and all but those enabled."""
    files = {file.name for file in catalogue.shared_files(PRODUCTION)} | {catalogue.OBJECTIVES}
    known = {"enabled": files, "disabled": files | known_alerts()}
    for key, names in known.items():
        for name in document.texts(key):
            if name not in names:
                also = "an alert nor " if key == "disabled" else ""
                raise document.problem(
                    key, f"{key}: {name!r} is neither {also}one of {', '.join(sorted(files))}"
                )
    enabled = document.texts("enabled")
    left_out = files - {*enabled, catalogue.RECORDING} if enabled else set()
    return frozenset({*document.texts("disabled"), *left_out})


def _routing(document: Fields, places: Places) -> Routing:
    section = document.optional_section("routing")
    usual = Routing()
    routing = Routing(
        places=places,
        environment=_label(section, "environment", usual.environment),
        production=section.texts("production") or usual.production,
        team=_label(section, "team", usual.team),
        times=times.read(section.optional_section("mute_times")),
        receivers=receivers.read(document),
    )
    section.finish()
    return routing


def _label(section: Fields, key: str, default: str) -> str:
    name = section.text(key, default)
    if not _LABEL.fullmatch(name):
        raise section.problem(key, f"{key}: {name!r} is no name of a label")
    return name


def _target(kubernetes: Fields, grafana: Fields) -> Target:
    target = Target()
    return Target(
        folder=grafana.text("folder", target.folder),
        namespace=kubernetes.text("namespace", target.namespace),
        rule_labels=_object_labels(kubernetes, "rule_labels", target.rule_labels),
        dashboard_labels=_object_labels(kubernetes, "dashboard_labels", target.dashboard_labels),
    )


def _object_labels(kubernetes: Fields, key: str, default: Mapping[str, str]) -> Mapping[str, str]:
    return (kubernetes.table(key) or default) if key in kubernetes else default


def _objectives(document: Fields, folder: Path) -> tuple[Path, ...]:
    found: list[Path] = []
    for pattern in document.texts("objectives"):
        files = sorted(folder.glob(pattern))
        if not files:
            raise document.problem("objectives", f"objectives: no file matches {pattern!r}")
        found += files
    return tuple(dict.fromkeys(found))
