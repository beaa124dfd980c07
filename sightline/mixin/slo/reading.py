"""Objectives from YAML: the short form, Sloth's files, OpenSLO 1.0, Pyrra's."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sightline.mixin.identity import IDENTITY, PLACE
from sightline.mixin.slo import indicators, openslo, pyrra, sloth
from sightline.mixin.slo.building import located
from sightline.mixin.slo.document import Fields, read_documents
from sightline.mixin.slo.indicators import Subject
from sightline.mixin.slo.objective import Notification, Objective, SloError

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_INSTALLED: Final = _PACKAGE / "artifacts"
OURS: Final = (_INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent) / "prometheus" / "slos.yaml"
"""Objectives of the demo, in a checkout or in a wheel as in `sightline.artifacts`."""

_PERIOD: Final = "30d"
_MIN_ERRORS: Final = 10


def read(path: Path) -> tuple[Objective, ...]:
    """Return every objective in the file *path*.

    Raises:
        SloError: Names the file, the line and the expectation.
    """
    documents = read_documents(path)
    if not documents:
        raise SloError(f"{path}: expected objectives, found an empty file")
    objectives = tuple(_objectives(documents))
    _reject_duplicates(objectives)
    return objectives


def read_all(paths: Sequence[Path]) -> tuple[Objective, ...]:
    """Return every objective in the files *paths*, which must not share one.

    Raises:
        SloError: Names the files, the line and the expectation.
    """
    objectives = tuple(objective for path in dict.fromkeys(paths) for objective in read(path))
    _reject_duplicates(objectives)
    return objectives


def _objectives(documents: Sequence[Fields]) -> Iterator[Objective]:
    """Yield the objectives of all documents; those of OpenSLO may refer to each other."""
    yield from openslo.read([each for each in documents if openslo.is_openslo(each)])
    for document in documents:
        reader = _reader(document)
        if reader:
            yield from reader(document)


def _reader(document: Fields) -> Callable[[Fields], Iterator[Objective]] | None:
    if openslo.is_openslo(document):
        return None
    if pyrra.is_pyrra(document):
        return pyrra.read
    if sloth.is_sloth(document):
        return sloth.read
    if "version" in document or "apiVersion" in document:
        key = "version" if "version" in document else "apiVersion"
        raise document.problem(
            key,
            f"{key} {document.text(key)!r}: expected {sloth.VERSION}, {sloth.API_VERSION}, "
            f"{openslo.API_VERSION} or {pyrra.API_VERSION}",
        )
    return _short


def _short(document: Fields) -> Iterator[Objective]:
    if "slos" not in document:
        raise document.problem("", "expected 'slos', a list as in prometheus/slos.yaml")
    labels = document.labels("labels")
    for slo in document.sections("slos"):
        yield _short_objective(slo, labels)
    document.finish()


def _short_objective(slo: Fields, labels: dict[str, str]) -> Objective:
    service, name = slo.text("service"), slo.text("name")
    by = _budget_labels(slo)
    labels = {**labels, **slo.labels("labels")}
    alerts = slo.optional_section("alerts")
    indicator = indicators.indicator(Subject(service=service, by=by), slo.section("sli"))
    with located(slo):
        found = Objective(
            service=service,
            name=name,
            objective=slo.ratio("objective") / 100,
            period=slo.text("period", _PERIOD),
            indicator=indicator,
            min_errors=slo.count("min_errors", _MIN_ERRORS),
            min_events=slo.count("min_events", 0),
            labels=labels,
            page=Notification(enabled=alerts.flag("page", default=True)),
            ticket=Notification(enabled=alerts.flag("ticket", default=True)),
            identity=("job",) if indicator.kind == "events" else by,
            place=slo.place,
        )
    slo.ignore("description")
    alerts.finish()
    slo.finish()
    return found


def _budget_labels(slo: Fields) -> tuple[str, ...]:
    """Return the identity labels whose values have a budget each."""
    across = slo.texts("across")
    for label in across:
        if label not in PLACE:
            raise slo.problem("across", f"across: {label!r}: expected {' or '.join(PLACE)}")
    if across and "events" in slo.section("sli"):
        raise slo.problem("across", "across: the queries of events decide which budgets there are")
    return tuple(label for label in IDENTITY if label not in across)


def _reject_duplicates(objectives: Iterable[Objective]) -> None:
    places: dict[tuple[str, str], str] = {}
    for each in objectives:
        name = (each.service, each.name)
        if name in places:
            raise SloError(
                f"{each.place}: {'/'.join(name)} is defined twice, first at {places[name]}: "
                "expected unique names"
            )
        places[name] = each.place
