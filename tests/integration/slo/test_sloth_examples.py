"""Public examples of Sloth: the alerts, labels and windows equal those of Sloth's own rules."""

from pathlib import Path

import pytest

from sightline.mixin import catalogue, rule_files
from sightline.mixin.config import PRODUCTION
from sightline.mixin.slo.objective import SloError
from tests import sloth_examples

MINUTE = 0.006
"""Ratio of errors in a minute of half an hour. Sloth reads raw series over each window, and these
rules sum rates over two minutes, so errors enter and leave a window a minute later."""

PLUGIN = """version: prometheus/v1
service: myservice
slos:
  - name: requests-availability
    objective: 99.9
    sli: {plugin: {id: getting_started_availability, options: {job: myservice}}}
    alerting: {name: MyServiceHighErrorRate}
"""
CHAIN = """version: prometheus/v1
service: foo-bar
slo_plugins:
  overridePrevious: true
  chain: [{id: sloth.dev/contrib/validate_victoria_metrics/v1}]
slos: []
"""
RESOURCE = """apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: svc}
spec:
  service: svc01
  sloPlugins: {chain: [{id: sloth.dev/contrib/denominator_corrected_rules/v1}]}
  slos: []
"""
OPENSLO = """apiVersion: openslo/v1alpha
kind: SLO
metadata: {name: sloth-slo-my-service}
spec: {service: my-service, budgetingMethod: Occurrences}
"""


@pytest.fixture(params=sloth_examples.EXAMPLES)
def example(request: pytest.FixtureRequest) -> str:
    """Name of an example."""
    return str(request.param)


def test_an_example_gives_the_alerts_and_windows_of_sloth(example: str, tmp_path: Path) -> None:
    source, rules = sloth_examples.FOLDER / f"{example}.yaml", tmp_path / "rules.yml"
    rules.write_text(rule_files.render(catalogue.objective_file([source], PRODUCTION), PRODUCTION))

    found = sloth_examples.samples(example, rules, sloth_examples.OUR_QUERIES)

    expected = sloth_examples.answers(example)
    assert alerts(found) == alerts(expected)
    assert windows(found) == pytest.approx(windows(expected), abs=MINUTE)


def alerts(samples: sloth_examples.Samples) -> dict[str, set[str]]:
    """Return the labels of the firing alerts at each moment."""
    return {moment: set(firing) for moment, (firing, _) in samples.items()}


def windows(samples: sloth_examples.Samples) -> dict[str, float]:
    """Return the ratio of errors of each objective and window at each moment."""
    return {
        f"{moment} {labels}": value
        for moment, (_, ratios) in samples.items()
        for labels, value in ratios.items()
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PLUGIN, r":6: sli.plugin 'getting_started_availability' is not supported"),
        (CHAIN, r":\d: slo_plugins is not supported"),
        (RESOURCE, r":\d: sloPlugins is not supported"),
        (OPENSLO, r":1: openslo/v1alpha is not supported: expected openslo/v1"),
    ],
    ids=["SLI plugin", "SLO plugins", "SLO plugins on Kubernetes", "OpenSLO before 1.0"],
)
def test_an_example_that_needs_a_program_or_a_draft_is_rejected_by_name(
    text: str, problem: str, tmp_path: Path
) -> None:
    source = tmp_path / "example.yaml"
    source.write_text(text)

    with pytest.raises(SloError, match=problem):
        catalogue.objective_file([source], PRODUCTION)
