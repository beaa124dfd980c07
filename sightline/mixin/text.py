"""Pieces of notifications: templates that Prometheus fills in when an alert fires.

Only what Prometheus 2.42 knows. A space beside ``-`` vanishes when the text is filled in; it is
where a rule file may break the line.
"""

from typing import Final

PER_SECOND: Final = 'printf "%.2f"'
"""How a rate is spelt: `humanize` would say 16.67m for a sixtieth."""

COUNT: Final = 'printf "%.0f"'
"""How a number of things is spelt."""


def listed(promql: str, *labels: str, item: str, otherwise: str) -> str:
    """What *promql* gives now, as a list with commas.

    Args:
        promql: Each ``%s`` in it becomes the value of the next of *labels*.
        labels: Labels of the alert.
        item: Template of one element, with ``.Labels`` and ``.Value``.
        otherwise: What to say when there is nothing.
    """
    asked = _asked(promql, labels)
    return (
        f"{{{{ range $n, $_ := {asked} -}}}} {{{{ if $n }}}}, {{{{ end }}}}{item} "
        f"{{{{- else -}}}} {otherwise} {{{{- end }}}}"
    )


def single(promql: str, *labels: str, spelt: str, otherwise: str = "unknown") -> str:
    """The first value that *promql* gives now, through the template function *spelt*."""
    asked = _asked(promql, labels)
    value = f"{{{{ . | first | value | {spelt} }}}}"
    return f"{{{{ with {asked} -}}}} {value} {{{{- else -}}}} {otherwise} {{{{- end }}}}"


def _asked(promql: str, labels: tuple[str, ...]) -> str:
    if not labels:
        return f"query `{promql}`"
    values = " ".join(f"$labels.{label}" for label in labels)
    return f"printf `{promql}` {values} | query"
