"""Templates for alert texts, which Prometheus expands when an alert fires.

They use only functions of Prometheus 2.42. A space beside ``-`` disappears in the expanded text; a
rule file may break the line there.
"""

import re
from collections.abc import Mapping
from typing import Final

from sightline.mixin.identity import expand

PER_SECOND: Final = 'printf "%.2f"'
"""Format of a rate: `humanize` would print 16.67m for one sixtieth."""

COUNT: Final = 'printf "%.0f"'
"""Format of a whole number."""


DEFAULTS: Final[Mapping[str, str]] = {
    "alertmanager": "an Alertmanager",
    "callee": "a dependency",
    "db_client_connection_pool_name": "(no name)",
    "db_system_name": "a database",
    "dependency": "a dependency",
    "error_type": "unknown reason",
    "exporter": "an exporter",
    "http_route": "unknown paths",
    "instance": "an instance",
    "integration": "an integration",
    "job": "a service",
    "mechanism": "service discovery",
    "messaging_destination_name": "a queue",
    "metric": "a metric",
    "name": "(no name)",
    "operation": "(unknown)",
    "policy": "a policy",
    "pool": "(no name)",
    "remote_name": "the remote storage",
    "rule_group": "(no name)",
    "scrape_job": "a scrape job",
    "service": "a registered service",
    "transport": "an unknown protocol",
    "url": "the remote storage",
}
"""Words in place of a label that an alert does not have."""

_LABEL: Final = re.compile(r"(^|\. )?\{\{ \$labels\.(\w+) \}\}")


def with_defaults(text: str) -> str:
    """Return *text* with `DEFAULTS` in place of empty and absent labels."""
    return _LABEL.sub(_label, text)


def _label(found: re.Match[str]) -> str:
    before, name = found.groups()
    default = DEFAULTS.get(name)
    if default is None:
        return found[0]
    if before is not None:
        default = default[0].upper() + default[1:]
    return f'{before or ""}{{{{ or $labels.{name} "{default}" }}}}'


def list_of(promql: str, *labels: str, item: str, default: str) -> str:
    """Return a template that prints the current result of *promql* as a list with commas.

    Args:
        promql: Query. Each ``%s`` in it becomes the value of the next of *labels*.
        labels: Labels of the alert; ``job`` stands for the identity of the service.
        item: Template of one element, with ``.Labels`` and ``.Value``.
        default: Text for an empty result.
    """
    query = _query(promql, labels)
    return (
        f"{{{{ range $n, $_ := {query} -}}}} {{{{ if $n }}}}, {{{{ end }}}}{item} "
        f"{{{{- else -}}}} {default} {{{{- end }}}}"
    )


def first_value(promql: str, *labels: str, template: str, default: str = "unknown") -> str:
    """Return a template that prints the first value of *promql* with the function *template*."""
    query = _query(promql, labels)
    value = f"{{{{ . | first | value | {template} }}}}"
    return f"{{{{ with {query} -}}}} {value} {{{{- else -}}}} {default} {{{{- end }}}}"


def _query(promql: str, labels: tuple[str, ...]) -> str:
    if not labels:
        return f"query `{promql}`"
    values = " ".join(f"$labels.{label}" for label in expand(labels))
    return f"printf `{promql}` {values} | query"
