"""Parameters of queries."""

from starlette.datastructures import QueryParams

from sightline.tracestore.query.parameters_v1 import trace_ids


def test_a_repeated_trace_id_is_read_once() -> None:
    parameters = QueryParams([("traceID", "1"), ("traceID", "2"), ("traceID", "0001")])

    assert [int.from_bytes(identifier) for identifier in trace_ids(parameters)] == [1, 2]
