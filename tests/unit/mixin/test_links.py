"""Addresses of dashboards and runbooks in the annotations of an alert."""

from sightline.mixin import catalogue, generated
from sightline.mixin.links import Links

LINKS = Links(dashboards="https://grafana.example", runbooks="https://wiki.example/{alert}.md")


def test_annotations_link_to_the_given_addresses() -> None:
    annotations = catalogue.alert("TargetDown").annotations(LINKS)

    assert annotations["runbook_url"] == "https://wiki.example/TargetDown.md"
    assert annotations["dashboard_url"] == (
        "https://grafana.example/d/service"
        "?var-cluster={{ $labels.cluster }}&var-namespace={{ $labels.namespace }}"
        "&var-job={{ $labels.job }}&var-instance={{ $labels.instance }}"
    )


def test_generated_rules_have_no_other_address() -> None:
    rules = [text for name, text in generated.files(LINKS).items() if name.endswith(".yml")]

    assert len(rules) > 10
    assert [text for text in rules if "localhost" in text] == []
