"""A data source file of Grafana's provisioning in a lint run, and its rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sightline.grafana.values import items, obj, text
from sightline.lint.finding import Found, Rule

_UNANSWERED: Final = "jaeger"
"""Type of data source that does not answer the TraceQL query of an exemplar's link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of data sources."""

    json: Mapping[str, Any]


def exemplars(file: SourceFile) -> Found:
    """Require a URL for exemplars of Jaeger traces.

    With a data source, Grafana opens Explore, which a Viewer may not open, with a TraceQL query,
    which Jaeger's data source does not answer.
    """
    sources = items(file.json.get("datasources"))
    kinds = {text(one.get("uid")): text(one.get("type")) for one in sources}
    for source in sources:
        for link in items(obj(source.get("jsonData")).get("exemplarTraceIdDestinations")):
            if kinds.get(text(link.get("datasourceUid"))) == _UNANSWERED:
                message = (
                    f"exemplars lead to {link['datasourceUid']}, which does not answer: "
                    "use url with the path of a dashboard"
                )
                yield f"data source {text(source.get('name'))}", message


RULES: Final = (Rule(name="sightline-exemplar-link", check=exemplars),)
