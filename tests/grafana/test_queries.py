"""Every query of the dashboards through Grafana's own data sources."""

import pytest

from tests.grafana.server import UIDS, Server, questions, variable_paths
from tests.waiting import until


@pytest.mark.parametrize("uid", UIDS)
def test_every_query_of_a_panel_and_annotation_is_answered(server: Server, uid: str) -> None:
    trace_id = until(server.find_trace, within_seconds=120)  # users may just have come back
    errors = [server.ask(question) for question in questions(uid, trace_id)]

    assert len(errors) > 10
    assert [error for error in errors if error] == []


@pytest.mark.parametrize("uid", UIDS)
def test_every_variable_has_options_and_the_demo_has_one_cluster(server: Server, uid: str) -> None:
    options = {
        name: server.get(path, params=parameters).json()["data"]
        for name, path, parameters in variable_paths(uid)
    }

    assert (options.pop("cluster"), options.pop("namespace")) == ([], [])
    assert {name: values for name, values in options.items() if not values} == {}
