"""Layers of the configuration: merge, precedence, refusals, encrypted values."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo_services.configuration.checking import ConfigurationError
from demo_services.configuration.documents import Document, changed_keys, flatten, merge, nest
from demo_services.configuration.encryption import (
    EncryptionError,
    decrypt,
    encrypt,
    new_key,
    read_key,
)
from demo_services.configuration.models import (
    APPLICATIONS,
    OrdersConfiguration,
    ServiceConfiguration,
    secret_keys,
)
from demo_services.configuration.source import FILES, PROFILES, Source

TEXT = "hunter2"
DIGITS = "0123"
KEY = base64.b64decode(new_key())
PLACE = "orders-prod/database.password"
PATHS = ("a", "b.c", "b.d", "e.f.g", "e.f.h", "e.i")
VALUES = st.dictionaries(st.sampled_from(PATHS), st.integers() | st.lists(st.integers()))


def source(tmp_path: Path, *, profile: str = "", **environ: str) -> Source:
    """Return the source of orders in profile prod, with the text of the file of that profile."""
    original = (FILES / "orders.yml").read_text(encoding="utf-8")
    (tmp_path / "orders.yml").write_text(original)
    (tmp_path / "orders-prod.yml").write_text(profile)
    found = Source.from_env({"CONFIG_PROFILE": "prod", **environ}, "orders")
    return replace(found, files=tmp_path, key=KEY)


def refusal(source: Source, pushed: Document | None = None) -> str:
    with pytest.raises(ConfigurationError) as error:
        source.load(OrdersConfiguration, pushed)
    return str(error.value)


@given(VALUES, VALUES)
def test_of_two_documents_the_later_value_of_each_key_counts(
    first: dict[str, object], second: dict[str, object]
) -> None:
    assert merge(nest(first), nest(second)) == nest(first | second)


@given(VALUES)
def test_a_document_is_its_flat_values(values: dict[str, object]) -> None:
    assert dict(flatten(nest(values))) == values


@given(VALUES, VALUES)
def test_the_changed_keys_are_those_with_other_values(
    first: dict[str, object], second: dict[str, object]
) -> None:
    missing = object()
    expected = {key for key in PATHS if first.get(key, missing) != second.get(key, missing)}

    assert set(changed_keys(nest(first), nest(second))) == expected


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_files_of_each_application_and_profile_are_valid(
    application: str, profile: str
) -> None:
    configuration = Source.from_env({"CONFIG_PROFILE": profile}, application).load(
        APPLICATIONS[application]
    )

    assert isinstance(configuration, ServiceConfiguration)


@pytest.mark.parametrize(
    ("profile", "pushed", "environ", "window"),
    [
        ("", None, {}, 20),
        ("breaker: {window: 30}", None, {}, 30),
        ("", {"breaker": {"window": 40}}, {}, 40),
        ("", None, {"ORDERS__BREAKER__WINDOW": "50"}, 50),
        ("breaker: {window: 30}", {"breaker": {"window": 40}}, {}, 40),
        ("breaker: {window: 30}", None, {"ORDERS__BREAKER__WINDOW": "50"}, 50),
        (
            "breaker: {window: 30}",
            {"breaker": {"window": 40}},
            {"ORDERS__BREAKER__WINDOW": "50"},
            50,
        ),
    ],
)
def test_environment_wins_over_center_over_profile_over_base(
    tmp_path: Path,
    profile: str,
    pushed: Document | None,
    environ: dict[str, str],
    window: int,
) -> None:
    configuration = source(tmp_path, profile=profile, **environ).load(OrdersConfiguration, pushed)

    assert configuration.breaker.window == window
    assert configuration.breaker.min_calls == 10, "a sibling of the key is not erased"


def test_a_variable_of_another_application_is_ignored(tmp_path: Path) -> None:
    configuration = source(tmp_path, USERS__NO__SUCH="5").load(OrdersConfiguration)

    assert configuration.breaker.window == 20


@pytest.mark.parametrize(
    ("profile", "environ", "expected"),
    [
        (
            "breaker: {failure_ratio: 7}",
            {},
            "orders-prod.yml: breaker.failure_ratio=7: expected a value less than or equal to 1",
        ),
        (
            "breaker: {window: many}",
            {},
            "orders-prod.yml: breaker.window='many': expected a valid integer",
        ),
        ("breaker: 5", {}, "orders-prod.yml: breaker: expected a mapping of keys to values"),
        ("breaker: {windw: 5}", {}, "orders-prod.yml: breaker.windw: expected no such key"),
        (
            "breaker: {min_calls: 30}",
            {},
            "orders-prod.yml: breaker: expected a min_calls that is at most window",
        ),
        (
            "[window, 5]",
            {},
            "orders-prod.yml: expected a mapping of names to values in YAML",
        ),
        (
            "breaker: {window: 5",
            {},
            "orders-prod.yml, line 1: expected a mapping of names to values in YAML",
        ),
        (
            "",
            {"ORDERS__BREAKER__WINDOW": "0"},
            "ORDERS__BREAKER__WINDOW=0: expected a value greater than or equal to 1",
        ),
        ("", {"ORDERS__BRAKER__WINDOW": "5"}, "ORDERS__BRAKER: expected no such key"),
        (
            "",
            {"ORDERS__LOG_LEVEL": "LOUD"},
            "ORDERS__LOG_LEVEL='LOUD': expected 'DEBUG', 'INFO', 'WARNING' or 'ERROR'",
        ),
    ],
)
def test_a_refused_value_is_named_with_its_place_and_the_expectation(
    tmp_path: Path, profile: str, environ: dict[str, str], expected: str
) -> None:
    assert refusal(source(tmp_path, profile=profile, **environ)) == expected


def test_a_missing_value_is_named(tmp_path: Path) -> None:
    text = refusal(replace(source(tmp_path), files=tmp_path / "none"), {"log_level": "INFO"})

    assert "center: breaker: expected a value" in text.splitlines()


def test_an_encrypted_value_is_read_and_never_shown(tmp_path: Path) -> None:
    profile = f"database: {{password: '{encrypt(KEY, PLACE, TEXT)}'}}"

    configuration = source(tmp_path, profile=profile).load(OrdersConfiguration)

    assert configuration.database.clear_password == TEXT
    assert TEXT not in f"{configuration!r} {configuration.model_dump()}"


def test_a_secret_in_a_variable_is_a_text_and_never_shown(tmp_path: Path) -> None:
    found = source(tmp_path, ORDERS__DATABASE__PASSWORD=DIGITS)

    assert found.load(OrdersConfiguration).database.clear_password == DIGITS
    assert DIGITS not in repr(found)


@pytest.mark.parametrize(
    "place",
    [
        "orders-prod/breaker.window",
        "orders-dev/database.password",
        "orders/database.password",
        "users-prod/database.password",
    ],
)
def test_a_value_that_was_moved_is_refused(tmp_path: Path, place: str) -> None:
    profile = f"database: {{password: '{encrypt(KEY, place, TEXT)}'}}"

    text = refusal(source(tmp_path, profile=profile))

    assert text == (
        "orders-prod.yml: database.password: expected a value that was encrypted for "
        "orders-prod/database.password with the key of CONFIG_KEY_FILE"
    )


def test_a_changed_value_is_refused() -> None:
    value = encrypt(KEY, PLACE, TEXT)
    changed = value.replace(value[20], "A" if value[20] != "A" else "B")

    with pytest.raises(EncryptionError, match=f"a value that was encrypted for {PLACE}"):
        decrypt(KEY, PLACE, changed)


def test_an_encrypted_value_needs_the_key(tmp_path: Path) -> None:
    profile = f"database: {{password: '{encrypt(KEY, PLACE, TEXT)}'}}"

    text = refusal(replace(source(tmp_path, profile=profile), key=None))

    assert "expected the variable CONFIG_KEY_FILE" in text


@pytest.mark.parametrize(
    "profile", ["database: {password: hunter2}", "database: {passwort: hunter2}"]
)
def test_a_secret_in_clear_is_refused_without_its_value(tmp_path: Path, profile: str) -> None:
    text = refusal(source(tmp_path, profile=profile))

    assert TEXT not in text
    assert text.startswith("orders-prod.yml: database.passwor")


def test_a_value_that_is_no_secret_cannot_be_encrypted(tmp_path: Path) -> None:
    sealed = encrypt(KEY, "orders-prod/log_level", "INFO")

    text = refusal(source(tmp_path, profile=f"log_level: '{sealed}'"))

    assert text.endswith(
        "log_level: expected a value without encryption, because this key is no secret"
    )


def test_the_secrets_of_a_model_are_known() -> None:
    assert list(secret_keys(OrdersConfiguration)) == ["database.password"]


@pytest.mark.parametrize("text", ["", "short", "c2hvcnQ="])
def test_a_file_without_a_key_is_refused_without_its_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)

    with pytest.raises(EncryptionError) as error:
        read_key(tmp_path / "key")

    assert str(error.value).startswith(f"CONFIG_KEY_FILE='{tmp_path}/key': expected a readable")
