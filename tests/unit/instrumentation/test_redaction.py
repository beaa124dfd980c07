"""Which query parameters never leave the process, however a service calls them."""

import pytest

from instrumentation._redaction import redacted
from instrumentation.settings import SECRET_PARAMETERS, Settings


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "new_password", "newPassword", "password2", "password[]"),
        *("user[password]", "user%5Bpassword%5D", "user.password", "+password", "%20password"),
        *("accessToken", "access-token", "csrf_token", "x-api-key", "APIKey", "X-Amz-Signature"),
        *("SharedAccessSignature", "client-secret", "code", "user[code]", "email_address"),
    ],
)
def test_a_secret_is_known_by_a_word_of_its_name(name: str) -> None:
    shown = redacted(f"a=1&{name}=hunter2;{name}=hunter2&b=2", SECRET_PARAMETERS)

    assert shown == f"a=1&{name}=REDACTED;{name}=REDACTED&b=2"


@pytest.mark.parametrize(
    "query",
    [
        *("country_code=ch", "user_id=7", "userId=7", "sort_key=name", "state_changed=1"),
        *("author=x", "keyword=y", "design=z", "token", "token=", "=x", "", "&&;", "q=a+b%20c"),
    ],
)
def test_all_else_stays_as_it_was_sent(query: str) -> None:
    assert redacted(query, SECRET_PARAMETERS) == query


def test_a_service_names_secrets_of_its_own() -> None:
    secret = Settings.from_env({"SIGHTLINE_REDACT": "iban,x-room"}).secret_parameters

    assert redacted("user_iban=CH93&xRoom=7&room=7", secret) == (
        "user_iban=REDACTED&xRoom=REDACTED&room=7"
    )
