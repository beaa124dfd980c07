"""Rule files in the format of Prometheus, one set per profile.

This module writes YAML without a library, to keep the lines of PromQL and to write the reason of
each alert as a comment.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from sightline.mixin import catalogue
from sightline.mixin.config import PRODUCTION, PROFILES, Profile
from sightline.mixin.links import LOCAL, Links
from sightline.mixin.model import Alert, Group, Record, RuleFile

_WRITER: Final = "`make generate` from sightline/mixin"
_WIDTH: Final = 100
_NO_OBJECTIVES: Final = (
    "No objectives: they belong to services. Write yours, see docs/how-to/objectives.md."
)
_NO_DURATION: Final = "0s"
_PLAIN: Final = re.compile(r"[A-Za-z][\w./-]*")
_NOT_TEXT: Final = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})
"""Plain scalars that YAML does not read as texts."""
_WORD: Final = re.compile(r"(?:\{\{ if .*?\{\{ end \}\}|\{\{.*?\}\}|\S)+")
_OPENING: Final = ("{{ range ", "{{ with ")


def files(links: Links = LOCAL) -> dict[str, str]:
    """Return the text of each rule file by its path from the root of the repository.

    The rules of the demo's objectives are no part of the production profile: they would report that
    the services of the demo are missing. Tests read them in the durations of production.
    """
    empty = RuleFile(name=catalogue.OBJECTIVES, subject=_NO_OBJECTIVES, groups=())
    return {
        **{
            path(file, profile): render(file, profile, links)
            for profile in PROFILES
            for file in catalogue.rule_files(profile)
        },
        f"prometheus/rules/{PRODUCTION.name}/{empty.name}.yml": render(empty, PRODUCTION),
    }


def path(file: RuleFile, profile: Profile) -> str:
    """Return the path of *file* from the root of the repository."""
    demo_objectives = file.name == catalogue.OBJECTIVES and profile is PRODUCTION
    folder = "prometheus/tests/rules" if demo_objectives else "prometheus/rules"
    return f"{folder}/{profile.name}/{file.name}.yml"


def render(file: RuleFile, profile: Profile, links: Links = LOCAL, *, writer: str = _WRITER) -> str:
    """Return *file* as YAML with the durations of *profile* and with *links* in its alerts."""
    subject = "".join(each if each.isprintable() else "?" for each in file.subject)
    head = f"# DO NOT EDIT: written by {writer}.\n# {subject}\n"
    if profile.speed > 1:
        head += f"# Profile {profile.name}: all durations are divided by {profile.speed}.\n"
    groups = "".join(_group(group, profile, links) for group in file.groups)
    return f"{head}\ngroups:\n{groups}" if groups else f"{head}\ngroups: []\n"


def _group(group: Group, profile: Profile, links: Links) -> str:
    rules = "\n".join(_rule(rule, profile, links) for rule in group.rules)
    head = [
        f"- name: {_text('name', group.name)}",
        f"  interval: {profile.duration(group.interval)}",
        "  rules:",
    ]
    return _indented("\n".join(head), 2) + _indented(rules, 6)


def _rule(rule: Record | Alert, profile: Profile, links: Links) -> str:
    match rule:
        case Alert():
            lines = _alert(rule, profile, links)
        case Record():
            lines = _record(rule, profile)
    return "\n".join(lines) + "\n"


def _record(record: Record, profile: Profile) -> Iterator[str]:
    yield f"- record: {record.name}"
    yield _field("expr", profile.promql(record.expr))
    yield from _mapping("labels", record.labels)


def _alert(alert: Alert, profile: Profile, links: Links) -> Iterator[str]:
    yield from textwrap.wrap(
        alert.why, _WIDTH - 8, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    yield f"- alert: {_text('alert', alert.name)}"
    yield _field("expr", profile.promql(alert.expr))
    if alert.hold != _NO_DURATION:
        yield f"  for: {profile.hold(alert.hold)}"
    if alert.keep != _NO_DURATION:
        yield f"  keep_firing_for: {profile.hold(alert.keep)}"
    yield from _mapping("labels", {"severity": alert.severity, **alert.labels})
    texts = {name: profile.promql(text) for name, text in alert.annotations(links).items()}
    yield from _mapping("annotations", texts)


def _field(name: str, promql: str) -> str:
    return f"  {name}: |-\n{textwrap.indent(promql, '    ')}"


def _mapping(name: str, values: Mapping[str, str]) -> Iterator[str]:
    if not values:
        return
    yield f"  {name}:"
    yield from (f"    {key}: {_text(key, value)}" for key, value in values.items())


def _text(key: str, value: str) -> str:
    """Return *value* as a quoted scalar, or as a folded one if it is too long for a line."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    if not value.isprintable() or value != " ".join(value.split()):
        return f'"{"".join(map(_escaped, value))}"'
    quoted = "'" + value.replace("'", "''") + "'"
    if len(key) + len(quoted) + 12 <= _WIDTH:
        return quoted
    return ">-\n" + textwrap.indent("\n".join(_folded(value)), "      ")


def _escaped(character: str) -> str:
    """Return *character* in a double-quoted scalar."""
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def _folded(value: str) -> Iterator[str]:
    """Yield lines of *value*, broken at spaces outside of tags and before lists and queries."""
    line = ""
    for word in _WORD.findall(value):
        if line and (word.startswith(_OPENING) or len(line) + len(word) >= _WIDTH - 12):
            yield line
            line = ""
        line = f"{line} {word}".lstrip()
    yield line


def _indented(text: str, columns: int) -> str:
    return textwrap.indent(text, " " * columns) + "\n"
