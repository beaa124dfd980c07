"""Bodies of registrations, as clients of Consul and others send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_services.registry.registration import (
    Check,
    InvalidRegistrationError,
    Registration,
    seconds,
)

URL = "http://10.0.0.7:8002/healthz"
BODY = {"Name": "users", "ID": "users-7", "Address": "10.0.0.7", "Port": 8002}


def parse(body: object) -> Registration:
    return Registration.parse(body, sender="10.0.0.9")


def test_a_registration_in_the_words_of_consul_is_read() -> None:
    check = {"HTTP": URL, "Interval": "10s", "DeregisterCriticalServiceAfter": "1m30s"}

    read = parse({**BODY, "Meta": {"Version": "7"}, "Check": check})

    assert (read.instance.id, read.instance.port) == ("users-7", 8002)
    assert read.instance.meta == {"Version": "7"}
    assert read.instance.check == Check(
        url=URL, interval_seconds=10.0, timeout_seconds=1.0, remove_after_seconds=90.0
    )
    assert not read.passing


def test_lower_case_and_a_list_of_checks_mean_the_same() -> None:
    body = {key.lower(): value for key, value in BODY.items()}
    check = {"http": URL, "interval": "5s", "status": "passing"}

    read = parse({**body, "checks": [check], "tags": None, "meta": None})

    assert read.passing
    assert read.instance.check is not None
    assert read.instance.check.interval_seconds == 5.0


def test_what_is_absent_has_a_default() -> None:
    instance = parse({"Name": "users", "Port": 8002}).instance

    assert (instance.id, instance.address) == ("users", "10.0.0.9")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Name": ""}, "name:"),
        ({"Name": "users\n"}, "name:"),
        ({"Name": 7}, "name:"),
        ({"ID": "x" * 300}, "id:"),
        ({"Port": 0}, "port:"),
        ({"Port": 70_000}, "port:"),
        ({"Port": "http"}, "port:"),
        ({"Port": None}, "port: Field required"),
        ({"Address": "10.0.0.7/admin"}, "address:"),
        ({"Meta": {"a": "x" * 600}}, "meta.a:"),
        ({"Meta": {f"{number}": "" for number in range(65)}}, "meta:"),
        ({"Tags": "a,b"}, "tags:"),
        ({"Check": {"TTL": "15s"}}, "expected a check by http, not by ttl"),
        ({"Check": {"TCP": "10.0.0.7:22"}}, "expected a check by http, not by tcp"),
        ({"Check": {"Interval": "1s"}}, "expected a check by http, not by nothing"),
        ({"Check": {"HTTP": URL, "Interval": "soon"}}, "expected a duration, like 10s"),
        ({"Check": {"HTTP": URL, "Interval": "9999h"}}, "expected at most a day"),
        ({"Checks": [{"HTTP": URL}] * 2}, "checks:"),
    ],
)
def test_an_invalid_registration_is_rejected_with_its_field(
    change: dict[str, object], expected: str
) -> None:
    with pytest.raises(InvalidRegistrationError, match=expected):
        parse({**BODY, **change})


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254:8002/",
        "http://10.0.0.7:22/",
        "http://10.0.0.7/",
        "file:///etc/passwd",
        "gopher://10.0.0.7:8002/",
        "http://10.0.0.7:8002@169.254.169.254/",
        "http://10.0.0.7:8002/ HTTP/1.1\r\nX: y",
        "http://[10.0.0.7:8002/",
        "http://10.0.0.7:eighty/",
    ],
)
def test_a_check_of_another_address_is_rejected(url: str) -> None:
    with pytest.raises(InvalidRegistrationError, match=r"expected a URL of 10\.0\.0\.7:8002"):
        parse({**BODY, "Check": {"HTTP": url}})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_other_json_is_rejected(body: object) -> None:
    with pytest.raises(InvalidRegistrationError):
        parse(body)


@pytest.mark.parametrize(
    ("text", "expected"), [("100ms", 0.1), ("10s", 10.0), ("1.5m", 90.0), ("1h0m1s", 3601.0)]
)
def test_a_duration_is_that_of_go(text: str, expected: float) -> None:
    assert seconds(text) == expected
