"""Redaction of secrets in queries, paths, URLs, texts and headers."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from instrumentation._support.redaction import (
    is_secret_header,
    redact_path,
    redact_query,
    redact_text,
)
from instrumentation.settings import SECRET_PARAMETERS, Settings
from tests.strategies import ORDINARY_TEXT, SECRET_NAMES, SECRETS


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "new_password", "newPassword", "password2", "password[]"),
        *("user[password]", "user%5Bpassword%5D", "user.password", "+password", "%20password"),
        *("accessToken", "access-token", "csrf_token", "x-api-key", "APIKey", "X-Amz-Signature"),
        *("SharedAccessSignature", "client-secret", "code", "user[code]", "email_address"),
        *("accesskey", "client_assertion", "SAMLResponse", "csrf", "xsrf", "invite", "magic"),
        *("authtoken", "csrftoken", "jsessionid", "PHPSESSID", "ASPSESSIONID", "userPasscode"),
        *("passwordagain", "code_verifier", "xaccesskey", "subscription-key", "totp"),
    ],
)
def test_a_secret_is_recognized_by_a_word_of_its_name(name: str) -> None:
    shown = redact_query(f"a=1&{name}=hunter2;{name}=hunter2&b=2", SECRET_PARAMETERS)

    assert shown == f"a=1&{name}=REDACTED;{name}=REDACTED&b=2"


@pytest.mark.parametrize(
    "query",
    [
        *("country_code=ch", "user_id=7", "userId=7", "sort_key=name", "state_changed=1"),
        *("author=x", "keyword=y", "design=z", "token", "token=", "=x", "", "&&;", "q=a+b%20c"),
        *("page_token=x", "nextPageToken=x", "continuation_token=x", "pagetoken=x", "tokens=3"),
        *("token_type=x", "tokenCount=3", "password_length=8", "session_ttl=60", "tokenizer=x"),
        *("redirect=https%3a%2f%2fx%2f%3Fpage%3D2", "r=https://x/?page=2", "monkey=1", "t=%253D"),
    ],
)
def test_other_parameters_are_unchanged(query: str) -> None:
    assert redact_query(query, SECRET_PARAMETERS) == query


def test_a_service_configures_its_own_secret_names() -> None:
    secret = Settings.from_env({"SIGHTLINE_REDACT": "iban,x-room"}).secret_parameters

    assert redact_query("user_iban=CH93&xRoom=7&room=7", secret) == (
        "user_iban=REDACTED&xRoom=REDACTED&room=7"
    )


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_url_in_a_parameter_is_redacted_at_every_level_of_encoding(levels: int) -> None:
    def encode(url: str) -> str:
        return quote(url, safe="") if levels == 1 else quote(quote(url, safe=""), safe="")

    shown = redact_query(f"to={encode('https://a:b@x/?token=hunter2&p=1')}&z=1", SECRET_PARAMETERS)

    assert shown == f"to={encode('https://REDACTED:REDACTED@x/?token=REDACTED&p=1')}&z=1"


def test_a_value_with_too_many_levels_of_encoding_is_replaced() -> None:
    assert redact_query(f"to=%{'25' * 50}3Dhunter2", SECRET_PARAMETERS) == "to=REDACTED"


def test_a_plain_url_in_a_parameter_is_redacted() -> None:
    assert redact_query("to=https://x/?token=hunter2&p=1", SECRET_PARAMETERS) == (
        "to=https://x/?token=REDACTED&p=1"
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/cart;jsessionid=hunter2/items", "/cart;jsessionid=REDACTED/items"),
        ("/cart;page=2;sid=hunter2", "/cart;page=2;sid=REDACTED"),
        ("/token=5/a;b", "/token=5/a;b"),
    ],
)
def test_parameters_of_a_path_are_redacted(path: str, shown: str) -> None:
    assert redact_path(path, SECRET_PARAMETERS) == shown


TEXTS = [
    ("Max retries exceeded with url: /a?token=@&p=2 (Caused", "/a?token=REDACTED&p=2 (Caused"),
    ("cannot reach postgresql://admin:@@db:5432/x", "postgresql://REDACTED:REDACTED@db:5432/x"),
    ("cannot reach postgresql://admin:a/@@db/x", "postgresql://REDACTED:REDACTED@db/x"),
    ("clone of https://@@github.com/x failed", "https://REDACTED@github.com/x failed"),
    ("Server=db;Uid=sa;Pwd=@;Timeout=5", "Server=db;Uid=sa;Pwd=REDACTED;Timeout=5"),
    ("host=db password=@ dbname=x", "host=db password=REDACTED dbname=x"),
    ("connect(host='db', password='my @')", "connect(host='db', password='REDACTED')"),
    ("Authorization: Basic @\r\nHost: x", "Authorization: REDACTED\r\nHost: x"),
    ("Cookie: a=1; b=@", "Cookie: REDACTED"),
    ("x-vault-token: @, tries: 3", "x-vault-token: REDACTED tries: 3"),
    ("{'Authorization': 'Bearer @', 'a': 1}", "{'Authorization': 'REDACTED', 'a': 1}"),
    ("[(b'x-api-key', b'@'), (b'a', b'1')]", "[(b'x-api-key', b'REDACTED'), (b'a', b'1')]"),
    ('{"a": 1, "password": "@"}', '{"a": 1, "password": "REDACTED"}'),
    ("sent with Bearer @.", "sent with Bearer REDACTED"),
    ("GET /callback#access_token=@&x=1", "/callback#access_token=REDACTED&x=1"),
    ("/cart;jsessionid=@ not found", "/cart;jsessionid=REDACTED not found"),
    ("for url 'https://x/?token=@'", "for url 'https://x/?token=REDACTED'"),
    ("[parameters: {'password': '@', 'n': 1}]", "[parameters: {'password': 'REDACTED', 'n': 1}]"),
    ("connect to redis://:@@cache", "connect to redis://REDACTED:REDACTED@cache"),
    ("AWS_SECRET_ACCESS_KEY=@/+x is set", "AWS_SECRET_ACCESS_KEY=REDACTED is set"),
    ("curl -H 'X-Api-Key: @' x", "curl -H 'X-Api-Key: REDACTED' x"),
    ("sslmode=require password='it\\'s @'", "sslmode=require password='REDACTED'"),
    ("to /login?next=%2Fa%3Ftoken%3D@ now", "next=%2Fa%3Ftoken%3DREDACTED now"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_secrets_in_a_text_are_redacted(text: str, shown: str) -> None:
    found = redact_text(text.replace("@", "hunter2", 1), SECRET_PARAMETERS)

    assert shown in found
    assert "hunter2" not in found


@pytest.mark.parametrize(
    "text",
    [
        "Unexpected token: '}' at line 3",
        "state=5 code=404 key=name pass=3 user=ada",
        "KeyError: 'token'",
        "http://localhost:8000/@scope/package is not there",
        "if token == other: raise ValueError",
        "invalid bearer token",
        '  File "/app/tokens.py", line 3, in token\n    return token[0]',
        "expected one of {'token', 'password'}",
        'FATAL:  password authentication failed for user "ada"',
        "INSERT INTO users (name, password) VALUES (%(name)s, %(password)s)",
        "password\n  Field required [type=missing, input_value={'name': 'x'}]",
        "token: expected a string",
        "mail ada@example.org",
    ],
)
def test_an_ordinary_text_is_unchanged(text: str) -> None:
    assert redact_text(text, SECRET_PARAMETERS) == text


@given(ORDINARY_TEXT, SECRET_NAMES, SECRETS, ORDINARY_TEXT)
def test_every_secret_of_a_url_in_a_text_is_redacted(
    before: str, name: str, secret: str, after: str
) -> None:
    assume(secret not in before + after)
    text = f"{before} http://a:{secret}@b/c?p=1&{name}={secret}&q=2 {after}"

    shown = redact_text(text, SECRET_PARAMETERS)

    assert secret not in shown
    assert "http://REDACTED:REDACTED@b/c?p=1&" in shown
    assert "=REDACTED&q=2 " in shown


@given(st.text())
def test_redaction_is_idempotent(text: str) -> None:
    once = redact_text(text, SECRET_PARAMETERS)

    assert redact_text(once, SECRET_PARAMETERS) == once


PATHOLOGICAL = [
    *("a=", "://a:x", ":/", "://", "a", "'", "\\'", "a='", "token='\\", "bearer ", "%25", "a=%25"),
    *("a=%3D", ";", "&=?", "x-y:", "'a',", " ", "a%3D", "://a:b@", "é=1&", "token=", "-", '"":'),
    *("authorization: ", "a=%253D&", "://@", "?", "@"),
]


@pytest.mark.parametrize("function", [redact_query, redact_text])
@pytest.mark.parametrize("unit", PATHOLOGICAL)
def test_pathological_texts_are_redacted_quickly(
    function: Callable[[str, frozenset[str]], str], unit: str
) -> None:
    text = unit * (100_000 // len(unit)) + "\n@"
    started = time.process_time()

    function(text, SECRET_PARAMETERS)

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("function", [redact_query, redact_text])
@pytest.mark.parametrize("name", ["n{}x", "key{}x", "n%78{}"])
def test_no_number_of_names_takes_long(
    function: Callable[[str, frozenset[str]], str], name: str
) -> None:
    text = "&".join(f"{name.format(number)}=1" for number in range(40_000))
    started = time.process_time()

    function(text, SECRET_PARAMETERS)

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "apikey"),
        *("x-auth-token", "x-amz-security-token", "x-vault-token", "private-token"),
        *("cf-access-jwt-assertion", "x-csrf-token", "x-session-id", "x-hub-signature-256"),
    ],
)
def test_a_secret_header_is_recognized(name: str) -> None:
    assert is_secret_header(name, SECRET_PARAMETERS)


@pytest.mark.parametrize(
    "name", ["x-request-id", "location", "referer", "etag", "idempotency-key", "x-tenant", "host"]
)
def test_other_headers_are_not_secret(name: str) -> None:
    assert not is_secret_header(name, SECRET_PARAMETERS)
