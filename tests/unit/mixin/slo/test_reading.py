"""Objectives in the short form, and the errors of what cannot be used."""

from fractions import Fraction
from pathlib import Path

import pytest

from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError, decimal


def read(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    file = tmp_path / "slos.yaml"
    file.write_text(text)
    return reading.read(file)


def slo(**more: str) -> str:
    fields = {"service": "shop", "name": "a", "objective": "99.9", "sli": '{http: {errors: "5.."}}'}
    lines = (f"{name}: {value}" for name, value in {**fields, **more}.items())
    return f"slos: [{{{', '.join(lines)}}}]"


def test_availability_counts_responses_that_are_server_errors(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo())

    series = "http_server_request_duration_seconds_count"
    errors = f'{series}{{job="shop", http_response_status_code=~"5.."}}'
    assert f"increase({errors}[{{{{.window}}}}])" in objective.indicator.bad
    assert objective.budget == Fraction(1, 1000)
    assert (objective.period, objective.days, objective.min_errors) == ("30d", 30, 10)


def test_a_stream_that_breaks_is_an_error(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo())

    broken = 'http_response_status_code=~"[1-3]..", error_type!~"(client_disconnected)?"'
    assert broken in objective.indicator.bad


def test_latency_counts_requests_within_a_bucket_bound_as_good(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli="{http: {slower_than: 1}}"))

    assert 'le=~"1\\\\.0|1"' in objective.indicator.good


def test_streams_are_judged_by_their_error_and_not_by_their_duration(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli="{http: {slower_than: 0.5, streams: [/events]}}"))

    assert '_bucket{job="shop", http_route!~"/events", le=~"0\\\\.5"}' in objective.indicator.good
    assert (
        '_count{job="shop", http_route=~"/events", error_type=~"(client_disconnected)?", '
        in objective.indicator.good
    )


def test_routes_can_be_left_out(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli='{http: {errors: "5..", exclude_routes: [/a, /b"x]}}'))

    assert 'http_route!~"/a|/b\\"x"' in objective.indicator.events


def test_degraded_responses_are_counted_beside_the_responses_of_the_routes(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli="{http: {degraded: users, routes: [/orders]}}"))

    assert 'degraded_responses_total{job="shop", dependency=~"users"}' in objective.indicator.bad
    assert (
        'http_server_request_duration_seconds_count{job="shop", http_route=~"/orders"}'
        in objective.indicator.events
    )


@pytest.mark.parametrize(
    ("sli", "series"),
    [
        ("{grpc: {}}", "rpc_server_call_duration_seconds_count"),
        ("{grpc: {slower_than: 0.1}}", "rpc_server_call_duration_seconds_bucket"),
        ("{messages: {}}", "messaging_process_duration_seconds_count"),
        ("{database: {operations: [SELECT]}}", "db_client_operation_duration_seconds_count"),
        ("{freshness: {timestamp: job_last_success_seconds, older_than: 3600}}", "time() - max"),
        ("{freshness: {age: feed_age_seconds, older_than: 60}}", "feed_age_seconds"),
    ],
)
def test_other_indicators_have_a_short_form(tmp_path: Path, sli: str, series: str) -> None:
    (objective,) = read(tmp_path, slo(sli=sli))

    assert series in objective.indicator.good + objective.indicator.bad


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (slo(objective="100"), "1: shop/a: objective 100: expected more than 0"),
        (slo(objective="much"), "1: objective: expected a number, found 'much'"),
        (slo(objective="80"), "even a total outage would never page"),
        (slo(period="1d"), "period '1d': expected whole days, from 7d"),
        (slo(period="90m"), "period '90m': expected whole days"),
        (slo(sli="{http: {slower_than: 0.3}}"), "slower_than 0.3: expected a bucket bound"),
        (slo(sli="{http: {degraded: '5(('}}"), "degraded: '5((': "),
        (slo(sli="{http: {degraded: a, errors: '5..'}}"), "unknown key 'errors' in http"),
        (slo(sli="{grpc: {degraded: a}}"), "unknown key 'degraded' in grpc"),
        (slo(sli="{magic: true}"), "expected exactly one of database, events"),
        (slo(sli="{http: {errors: '5(('}}"), "errors: '5((': "),
        (slo(sli="{http: {exclude_routes: ['/a(b']}}"), "exclude_routes: '/a(b': "),
        (slo(sli="{http: {exclude_routes: /healthz}}"), "expected a list of texts, found a text"),
        (slo(sli="{http: {exclude_route: [/a]}}"), "did you mean 'exclude_routes'?"),
        (slo(objectiv="99"), "unknown key 'objectiv' in slos: did you mean 'objective'?"),
        (slo(alerts="{pages: false}"), "unknown key 'pages' in alerts: did you mean 'page'?"),
        (slo(alerts="{page: maybe}"), "page: expected true or false, found 'maybe'"),
        (slo(labels="{job: x}"), "labels: 'job' cannot be the name of a label here"),
        (slo(min_events="-1"), "min_events -1: expected a whole number"),
        (slo(sli="{events: {errors: 'a[5m]', total: b}}"), "total: 'b': expected {{.window}}"),
        (slo(sli="{events: {errors: 'a[', total: 'b'}}"), "expected {{.window}}"),
        ("slos:\n- {service: a}", "slos.yaml:2: slos has no 'name', which is required"),
        ("slos: []", "slos: expected at least one entry"),
        ("services: []", "expected 'slos', a list as in prometheus/slos.yaml"),
        ("slos: [{", "expected YAML"),
        ("- a", "slos.yaml:1: expected a mapping with objectives"),
        ("", "expected objectives, found an empty file"),
        ("slos: []\nslos: []", "slos.yaml:2: key 'slos' is given twice"),
        ("version: prometheus/v2", "slos.yaml:1: version 'prometheus/v2': expected prometheus/v1"),
    ],
)
def test_an_error_names_file_line_and_expectation(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SloError) as raised:
        read(tmp_path, text)

    assert problem in str(raised.value)
    assert "slos.yaml" in str(raised.value)


@pytest.mark.parametrize(
    "query",
    [
        "sum(rate(foo[{{.window}}])",
        "sum_over_time(foo == 0[{{.window}}])",
        "rate(foo[{{.window}}]) default 0",
        "foo[{{.window}}]",
        "rate(foo{{.labels}}[{{.window}}])",
    ],
)
def test_a_query_that_is_not_promql_is_rejected(tmp_path: Path, query: str) -> None:
    with pytest.raises(SloError, match=r"slos.yaml:1: errors: "):
        read(
            tmp_path,
            slo(sli=f"{{events: {{errors: '{query}', total: 'rate(b[{{{{.window}}}}])'}}}}"),
        )


def test_two_objectives_of_one_name_are_rejected(tmp_path: Path) -> None:
    twice = slo().replace("[", "[" + slo()[len("slos: [") : -1] + ", ", 1)

    with pytest.raises(SloError, match=r"slos.yaml:1: shop/a is defined twice, first at .*:1: "):
        read(tmp_path, twice)


@pytest.mark.parametrize(
    ("ratio", "written"), [("999/1000", "0.999"), ("1/1", "1"), ("1/8", "0.125")]
)
def test_decimals_are_exact(ratio: str, written: str) -> None:
    assert decimal(Fraction(ratio)) == written


def test_queries_with_different_labels_are_rejected(tmp_path: Path) -> None:
    errors, total = "sum by (code) (rate(e[{{.window}}]))", "sum(rate(t[{{.window}}]))"
    sli = f"{{events: {{errors: '{errors}', total: '{total}'}}}}"

    with pytest.raises(SloError, match=r"slos.yaml:1: shop/a: the queries keep .* \['code'\]"):
        read(tmp_path, slo(sli=sli))


def test_one_budget_for_all_clusters(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(across="[cluster]"))

    assert objective.indicator.events.startswith("sum by (namespace, job) (")
    assert objective.identity == ("namespace", "job")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"across": "[job]"}, "across: 'job': expected cluster or namespace"),
        ({"across": "cluster"}, "across: expected a list of texts"),
        (
            {"across": "[cluster]", "sli": "{events: {errors: 'a[1m]', total: b}}"},
            "across: the queries of events decide which budgets there are",
        ),
        ({"objective": "60", "period": "90d", "alerts": "{page: false}"}, "never write a ticket"),
        ({"objective": "99.99999999"}, "expected more than 0 and at most 99.99999"),
    ],
)
def test_another_budget_is_rejected(tmp_path: Path, more: dict[str, str], problem: str) -> None:
    with pytest.raises(SloError) as raised:
        read(tmp_path, slo(**more))

    assert problem in str(raised.value)


@pytest.mark.parametrize(
    "pattern",
    ["a**", "(a+)+?*", "a{1001}", "(?x)a", r"\u0041", "[a&&b]", "a{2}{3}", "(?=a)", r"\<a"],
)
def test_a_pattern_that_go_does_not_know_is_rejected(tmp_path: Path, pattern: str) -> None:
    quoted = pattern.replace("'", "''")

    with pytest.raises(SloError, match="expected a regular expression"):
        read(tmp_path, slo(sli=f"{{http: {{routes: ['{quoted}']}}}}"))


@pytest.mark.parametrize("pattern", [r"/a\*+", "[+*]+", "/x[[:alpha:]]*?", "(?i)a{2,1000}", r"\."])
def test_a_pattern_of_go_is_accepted(tmp_path: Path, pattern: str) -> None:
    (objective,) = read(tmp_path, slo(sli=f"{{http: {{routes: ['{pattern}']}}}}"))

    assert objective.name == "a"


def test_a_comment_in_a_query_is_dropped(tmp_path: Path) -> None:
    sli = (
        "{events: {errors: 'rate(e{x=\"#\"}[{{.window}}]) # bad', total: 'rate(t[{{ .window }}])'}}"
    )
    (objective,) = read(tmp_path, slo(sli=sli))

    assert objective.indicator.bad == 'rate(e{x="#"}[{{.window}}])'
