"""Receivers of notifications: their kinds, and the entries of an adoption file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sightline.mixin.slo.document import Fields

Json = dict[str, Any]

TITLE: Final = '{{ template "sightline.title" . }}'
TEXT: Final = '{{ template "sightline.text" . }}'

FILE_SUFFIX: Final = "_file"
"""Suffix of the settings that name the file of a secret."""

_ADDRESS: Final = re.compile(r"https?://[^\s/]+\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Integration of Alertmanager, with the exported templates."""

    section: str
    """Key of the integration in a receiver of Alertmanager."""
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are equal for every receiver of this kind."""

    def read(self, fields: Fields) -> Json:
        """Return the settings of a receiver from its entry *fields*.

        Raises:
            SloError: A setting is missing, unknown or of a wrong form.
        """
        given = {key: _setting(fields, key) for key in self.required}
        given |= {key: _setting(fields, key) for key in self.optional if key in fields}
        fields.ignore(*self.optional)
        fields.finish()
        return {**given, **self.settings}


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "slack": Kind(
            section="slack_configs",
            required=("api_url_file", "channel"),
            settings={
                "send_resolved": True,
                "title": TITLE,
                "text": '{{ template "sightline.slack.text" . }}',
            },
        ),
        "pagerduty": Kind(
            section="pagerduty_configs",
            required=("routing_key_file",),
            optional=("url",),
            settings={"description": TITLE, "details": {"alerts": TEXT}},
        ),
        "email": Kind(
            section="email_configs",
            required=("to", "from", "smarthost"),
            optional=("auth_username", "auth_password_file"),
            settings={
                "send_resolved": True,
                "headers": {"Subject": TITLE},
                "html": '{{ template "sightline.html" . }}',
                "text": TEXT,
            },
        ),
        "teams": Kind(
            section="msteamsv2_configs",
            required=("webhook_url_file",),
            settings={"send_resolved": True, "title": TITLE, "text": TEXT},
        ),
        "opsgenie": Kind(
            section="opsgenie_configs",
            required=("api_key_file",),
            optional=("api_url",),
            settings={
                "message": TITLE,
                "description": TEXT,
                "priority": '{{ if eq .CommonLabels.severity "critical" }}P1{{ else }}P3{{ end }}',
            },
        ),
        "webhook": Kind(
            section="webhook_configs", required=("url_file",), settings={"send_resolved": True}
        ),
    }
)
"""Kinds of receivers by their name in an adoption file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Receivers of one team, of one environment, or of all."""

    pages: Json | None
    """Integrations for alerts that wake someone. None if there are none of its own."""
    tickets: Json | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """Receivers of an organization."""

    everyone: Audience
    heartbeat: Json | None
    """Integrations that expect the Watchdog."""
    teams: Mapping[str, Audience] = field(default_factory=dict)
    environments: Mapping[str, Audience] = field(default_factory=dict)
    """Audiences of environments that users do not see. Their alerts never page."""


def read(document: Fields) -> Receivers | None:
    """Return the receivers of an adoption file, or None if it names none.

    Raises:
        SloError: Names line, key and expectation.
    """
    if "receivers" not in document:
        document.ignore("receivers")
        return None
    section = document.section("receivers")
    receivers = Receivers(
        everyone=Audience(
            pages=_integrations(section.section("pages")),
            tickets=_integrations(section.section("tickets")),
        ),
        heartbeat=_optional(section, "heartbeat"),
        teams=dict(_audiences(section.optional_section("teams"), ("pages", "tickets"))),
        environments=dict(_audiences(section.optional_section("environments"), ("tickets",))),
    )
    section.finish()
    return receivers


def _audiences(section: Fields, keys: tuple[str, ...]) -> Iterator[tuple[str, Audience]]:
    for name in section.names():
        entry = section.section(name)
        found = {key: _optional(entry, key) for key in keys}
        entry.finish()
        yield name, Audience(pages=found.get("pages"), tickets=found["tickets"])


def _optional(section: Fields, key: str) -> Json | None:
    if key in section:
        return _integrations(section.section(key))
    section.ignore(key)
    return None


def _integrations(entry: Fields) -> Json:
    """Return the integrations of *entry* as a receiver of Alertmanager without its name."""
    entry.ignore(*KINDS)
    if not entry.names():
        raise entry.problem("", f"expected one of {', '.join(KINDS)}")
    entry.finish()
    return {KINDS[name].section: [KINDS[name].read(entry.section(name))] for name in entry.names()}


def _setting(fields: Fields, key: str) -> str:
    value = fields.text(key)
    if key.endswith(FILE_SUFFIX) and not value.startswith("/"):
        raise fields.problem(
            key,
            f"{key}: {value!r} expected the absolute path of a file that contains the secret, "
            "like /etc/alertmanager/secrets/slack",
        )
    if key.endswith("url") and not _ADDRESS.fullmatch(value):
        raise fields.problem(key, f"{key}: {value!r} expected a URL like https://example.com")
    return value
