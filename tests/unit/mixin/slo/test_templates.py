"""Templates of alerts: what Prometheus cannot parse is rejected."""

import re

import pytest

from sightline.mixin import catalogue
from sightline.mixin.slo import templates


def test_the_templates_of_our_own_alerts_are_accepted() -> None:
    texts = [text for alert in catalogue.alerts() for text in alert.annotations().values()]

    templates.check(" ".join(texts))


@pytest.mark.parametrize(
    "text",
    [
        "no template",
        "(page) {{$labels.sloth_service}} is {{- /* too */ -}} slow: {{ $value | humanize }}",
        "{{ with $x := query `up` }}{{ range $i, $v := $x }}{{ $i }}{{ end }}{{ end }}",
        '{{ if eq $labels.job "a" }}a{{ else if not (gt $value 3) }}b{{ else }}c{{ end }}',
        '{{ printf "%s" (index $externalLabels "cluster") }} {{ .Value }}',
    ],
)
def test_a_template_of_prometheus_is_accepted(text: str) -> None:
    templates.check(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{", "expected '}}' after '{{'"),
        ("{{ $labels.job }", "expected '}}' after '{{'"),
        ("{{ if $value }}", "expected {{ end }}"),
        ("{{ end }}", "unknown 'end'"),
        ("{{ if $value }}{{ else }}{{ else }}{{ end }}", "unknown 'else'"),
        ("{{ $lables.job }}", "unknown '$lables.job'"),
        ("{{ humanise $value }}", "unknown 'humanise'"),
        ("{{ $value | humanise }}", "expected a function after |"),
        ("{{ (1 }}", "expected ')'"),
        ("{{ 1) }}", "unexpected ')'"),
        ("{{ $value := }}", "expected a variable before :="),
        ("{{ $x := }}", "expected a value"),
        ("{{ with $x := 1 }}{{ end }}{{ $x }}", "unknown '$x'"),
        ("{{ $a, $b := 1 }}", "expected a variable before :="),
        ("{{ 3 ~ 4 }}", "unexpected '~ 4 '"),
    ],
)
def test_another_template_is_rejected(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        templates.check(text)
