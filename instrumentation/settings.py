"""Settings of the library, from the environment; OpenTelemetry's variables where they exist."""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final, Literal, Self

from instrumentation._settings import environment
from instrumentation._settings.export import HTTP, ExportSettings
from instrumentation._support.record import Record
from instrumentation._support.redaction import is_secret_header
from instrumentation.conventions import KNOWN_METHODS, Attribute
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = IPv4Network | IPv6Network
Trust = Literal["always", "never"] | tuple[Network, ...]

SAMPLERS: Final = (
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
    "jaeger_remote",
    "parentbased_jaeger_remote",
)
LOGS_OVER_OTLP: Final = "otlp"

SECRET_PARAMETERS: Final = frozenset(
    {
        *("access_key", "account_key", "api_key", "apikey", "assertion", "auth", "authorization"),
        *("awsaccesskeyid", "bearer", "code", "connection_string", "credential", "credentials"),
        *("csrf", "email", "encryption_key", "hmac", "invite", "jsessionid", "jwt", "key"),
        *("magic", "master_key", "oauth", "otp", "pass", "passcode", "passphrase", "passwd"),
        *("password", "phpsessid", "pin", "private_key", "pwd", "saml", "saml_request"),
        *("saml_response", "sas", "secret", "sessid", "session", "session_id", "sessionid"),
        *("shared_key", "sid", "sig", "signature", "signing_key", "ssn", "state"),
        *("subscription_key", "ticket", "token", "totp", "user", "username", "verifier", "xsrf"),
    }
)
"""Query parameters whose values are redacted, in lower case. A longer name that contains one of
them is redacted, too (``_support/redaction.py``)."""

LENGTH_LIMIT: Final = 16_384
"""Maximum characters of a text, unless a variable sets another limit."""

SHORTEST_NAME: Final = 256
"""Characters of a name or status description that are kept even if attributes have less."""


class Limits(Record):
    """Limits of a span. Source: OpenTelemetry, "Span Limits"."""

    attributes: int
    """Maximum number of attributes. ``OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT``."""
    attribute_length: int
    """Maximum length of an attribute value: characters of a string, length of bytes.
    ``OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT``."""
    events: int
    """Maximum number of events. ``OTEL_SPAN_EVENT_COUNT_LIMIT``."""
    links: int
    """Maximum number of links. ``OTEL_SPAN_LINK_COUNT_LIMIT``."""
    event_attributes: int
    """Maximum number of attributes per event. ``OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT``."""
    link_attributes: int
    """Maximum number of attributes per link. ``OTEL_LINK_ATTRIBUTE_COUNT_LIMIT``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read all variables.

        Raises:
            ConfigurationError: A value is invalid; names variable, value and expectation.
        """

        def count(name: str, default: int = 128) -> int:
            return environment.integer(environ, name, default)

        general = count("OTEL_ATTRIBUTE_COUNT_LIMIT")
        return cls(
            attributes=count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", general),
            attribute_length=length_limit(environ, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
            events=count("OTEL_SPAN_EVENT_COUNT_LIMIT"),
            links=count("OTEL_SPAN_LINK_COUNT_LIMIT"),
            event_attributes=count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", general),
            link_attributes=count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", general),
        )


def length_limit(environ: Mapping[str, str], specific: str) -> int:
    """Return the value of the variable *specific*, or else the limit for all signals.

    Raises:
        ConfigurationError: A value is invalid; names variable, value and expectation.
    """
    general = environment.integer(environ, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", LENGTH_LIMIT)
    return environment.integer(environ, specific, general)


def log_length_limit(environ: Mapping[str, str]) -> int:
    """Return the maximum length of a text in log records, in characters.

    Raises:
        ConfigurationError: A value is invalid; names variable, value and expectation.
    """
    return length_limit(environ, "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT")


def secret_parameters(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the built-in names and those of ``SIGHTLINE_REDACT``."""
    return SECRET_PARAMETERS | set(_lower(environ, "SIGHTLINE_REDACT"))


class Settings(Record):
    """Settings of the library. An argument of ``instrument()`` overrides the environment."""

    disabled: bool
    """Disable tracing and export; metrics stay enabled. ``OTEL_SDK_DISABLED``."""
    service_name: str
    """Service name; empty: the title of the app. ``OTEL_SERVICE_NAME``, or ``service.name`` of
    the resource attributes."""
    resource_attributes: Mapping[str, str]
    """Attributes of the resource, percent-decoded. ``OTEL_RESOURCE_ATTRIBUTES``."""
    resource_detectors: tuple[str, ...]
    """Detectors of resource attributes, by the names that installed packages register.
    ``OTEL_EXPERIMENTAL_RESOURCE_DETECTORS``."""
    sampler: str
    """Name of a sampler of the SDK, or ``jaeger_remote``. ``OTEL_TRACES_SAMPLER``."""
    sampler_argument: str
    """Ratio from 0 to 1, or the arguments of the remote sampler. ``OTEL_TRACES_SAMPLER_ARG``."""
    propagators: tuple[str, ...]
    """Formats of the context in headers: ``tracecontext``, ``baggage``, and those that installed
    packages register, like ``b3``. ``OTEL_PROPAGATORS``."""
    limits: Limits
    """Limits of a span."""
    known_methods: frozenset[str]
    """HTTP methods that keep their name; all others are ``_OTHER``.
    ``OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS``."""
    excluded_urls: tuple[str, ...]
    """Regular expressions of paths that are not recorded; a match anywhere in the path counts.
    ``OTEL_PYTHON_FASTAPI_EXCLUDED_URLS``, or else ``OTEL_PYTHON_EXCLUDED_URLS``."""
    request_headers: tuple[str, ...]
    """Request headers that become attributes, in lower case. Secret headers and those that match
    ``OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS`` are omitted.
    ``OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST``."""
    response_headers: tuple[str, ...]
    """Response headers that become attributes; as for request headers.
    ``OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE``."""
    secret_parameters: frozenset[str]
    """Query parameters whose values are redacted, in lower case: the built-in names and those
    of ``SIGHTLINE_REDACT``. A longer name that contains one of them is redacted, too. The same
    names apply to error messages, log messages and captured headers."""
    trust_incoming: Trust
    """Callers whose trace is continued: ``always``, ``never``, or networks like ``10.0.0.0/8``. A
    request of another caller starts a trace with a link to the caller's.
    ``SIGHTLINE_TRUST_INCOMING``."""
    baggage_hosts: tuple[str, ...]
    """Hosts that get baggage: ``*.internal`` for a whole domain, ``*`` for all hosts.
    ``SIGHTLINE_BAGGAGE_HOSTS``."""
    max_label_sets: int
    """Maximum label sets of one metric; further ones are counted under ``__overflow__``.
    ``SIGHTLINE_MAX_LABEL_SETS``."""
    body_size_metrics: bool
    """Measure the sizes of request and response bodies. ``SIGHTLINE_BODY_SIZE_METRICS``."""
    strict: bool
    """Raise internal errors of the instrumentation, for tests.
    ``SIGHTLINE_STRICT``."""
    export: ExportSettings
    """Settings of the export."""
    logs_exporter: str
    """``otlp`` exports the service's log records, over HTTP only; ``none`` does not.
    ``OTEL_LOGS_EXPORTER``."""
    log_length: int
    """Maximum characters of a text in a log record.
    ``OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read all variables.

        Args:
            environ: ``os.environ`` when left out.

        Raises:
            ConfigurationError: A value is invalid; names variable, value and expectation.
        """
        env = dict(os.environ) if environ is None else environ
        attributes = environment.key_values(env, "OTEL_RESOURCE_ATTRIBUTES")
        named = environment.text(env, "OTEL_SERVICE_NAME")
        return cls(
            disabled=environment.boolean(env, "OTEL_SDK_DISABLED", default=False),
            service_name=named or attributes.get(Attribute.SERVICE_NAME, ""),
            resource_attributes=attributes,
            resource_detectors=environment.items(env, "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"),
            sampler=environment.choice(
                env, "OTEL_TRACES_SAMPLER", "parentbased_always_on", among=SAMPLERS
            ),
            sampler_argument=_sampler_argument(env),
            propagators=_propagators(env),
            known_methods=frozenset(
                environment.items(
                    env, "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", tuple(KNOWN_METHODS)
                )
            ),
            excluded_urls=_excluded_urls(env),
            request_headers=_headers(env, "REQUEST"),
            response_headers=_headers(env, "RESPONSE"),
            secret_parameters=secret_parameters(env),
            trust_incoming=_trust(env),
            baggage_hosts=_lower(env, "SIGHTLINE_BAGGAGE_HOSTS") or LOCAL_HOSTS,
            max_label_sets=environment.integer(env, "SIGHTLINE_MAX_LABEL_SETS", 1000, minimum=1),
            body_size_metrics=environment.boolean(env, "SIGHTLINE_BODY_SIZE_METRICS", default=True),
            strict=environment.boolean(env, "SIGHTLINE_STRICT", default=False),
            limits=Limits.from_env(env),
            export=ExportSettings.from_env(env),
            logs_exporter=_logs_exporter(env),
            log_length=log_length_limit(env),
        )


LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
"""Default hosts that get baggage: it does not leave the machine."""


def _sampler_argument(environ: environment.Environ) -> str:
    """Return the argument of the sampler; a ratio is validated."""
    if environment.text(environ, "OTEL_TRACES_SAMPLER").lower().endswith("traceidratio"):
        environment.read(
            environ, "OTEL_TRACES_SAMPLER_ARG", 1.0, parse=_ratio, expected="a ratio from 0 to 1"
        )
    return environment.text(environ, "OTEL_TRACES_SAMPLER_ARG")


def _ratio(value: str) -> float:
    ratio = float(value)
    if not 0.0 <= ratio <= 1.0:
        raise ValueError
    return ratio


def _propagators(environ: environment.Environ) -> tuple[str, ...]:
    """Return each name once, in order; empty for ``none``."""
    words = environment.items(environ, "OTEL_PROPAGATORS", ("tracecontext", "baggage"))
    found = tuple(dict.fromkeys(map(str.lower, words)))
    return () if found == ("none",) else found


def _logs_exporter(environ: environment.Environ) -> str:
    """Return the log exporter; the protocol must be HTTP if it is used."""
    exporter = environment.choice(
        environ, "OTEL_LOGS_EXPORTER", "none", among=("none", LOGS_OVER_OTLP)
    )
    if exporter == LOGS_OVER_OTLP:
        specific, general = "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
        name = specific if environment.text(environ, specific) else general
        environment.choice(environ, name, HTTP, among=(HTTP,))
    return exporter


def _lower(environ: environment.Environ, name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in environment.items(environ, name))


def _excluded_urls(environ: environment.Environ) -> tuple[str, ...]:
    specific = "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS"
    name = specific if environment.text(environ, specific) else "OTEL_PYTHON_EXCLUDED_URLS"
    words = environment.items(environ, name)
    for word in words:
        _pattern(name, word)
    return words


def _headers(environ: environment.Environ, direction: str) -> tuple[str, ...]:
    name = f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_{direction}"
    fields = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS"
    patterns = [_pattern(fields, word) for word in environment.items(environ, fields)]
    words = _lower(environ, name)
    for word in words:
        if not word.replace("-", "").replace("_", "").isalnum():
            raise ConfigurationError(
                f"{name}={word!r}: expected names of headers, like x-request-id; "
                "patterns are not matched"
            )
    secret = secret_parameters(environ)
    return tuple(
        word
        for word in words
        if not (is_secret_header(word, secret) or any(pattern.search(word) for pattern in patterns))
    )


def _pattern(name: str, word: str) -> re.Pattern[str]:
    try:
        return re.compile(word, re.IGNORECASE)
    except re.error as error:
        raise ConfigurationError(
            f"{name}={word!r}: expected regular expressions ({error})"
        ) from None


def _trust(environ: environment.Environ) -> Trust:
    name = "SIGHTLINE_TRUST_INCOMING"
    words = _lower(environ, name) or ("always",)
    match words:
        case ("always",):
            return "always"
        case ("never",):
            return "never"
    try:
        return tuple(ip_network(word) for word in words)
    except ValueError:
        raise ConfigurationError(
            f"{name}={','.join(words)!r}: expected always, never, or networks like 10.0.0.0/8,::1"
        ) from None
