"""Rule files as Prometheus reads them, one set per profile.

Written by hand rather than by a YAML library: PromQL stays PromQL, one clause a line, and each
alert carries its reason as a comment.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from sightline.mixin import catalogue
from sightline.mixin.config import PROFILES, Profile
from sightline.mixin.model import Alert, Group, Record, RuleFile

_WIDTH: Final = 100
_AT_ONCE: Final = "0s"
_PLAIN: Final = re.compile(r"[A-Za-z][\w./-]*")
_WORD: Final = re.compile(r"(?:\{\{ if .*?\{\{ end \}\}|\{\{.*?\}\}|\S)+")
_OPENING: Final = ("{{ range ", "{{ with ")


def files() -> dict[str, str]:
    """Text of every rule file by its path from the root of the repository."""
    return {
        f"prometheus/rules/{profile.name}/{file.name}.yml": render(file, profile)
        for profile in PROFILES
        for file in catalogue.rule_files(profile)
    }


def render(file: RuleFile, profile: Profile) -> str:
    """*file* as YAML on the clock of *profile*."""
    head = f"# DO NOT EDIT: written by `make generate` from sightline/mixin.\n# {file.subject}\n"
    if profile.speed > 1:
        head += f"# Profile {profile.name}: every duration is 1/{profile.speed} of production's.\n"
    groups = "".join(_group(group, profile) for group in file.groups)
    return f"{head}\ngroups:\n{groups}"


def _group(group: Group, profile: Profile) -> str:
    rules = "\n".join(_rule(rule, profile) for rule in group.rules)
    head = [f"- name: {group.name}", f"  interval: {profile.duration(group.interval)}", "  rules:"]
    return _indented("\n".join(head), 2) + _indented(rules, 6)


def _rule(rule: Record | Alert, profile: Profile) -> str:
    lines = _alert(rule, profile) if isinstance(rule, Alert) else _record(rule, profile)
    return "\n".join(lines) + "\n"


def _record(record: Record, profile: Profile) -> Iterator[str]:
    yield f"- record: {record.name}"
    yield _field("expr", profile.promql(record.expr))
    yield from _mapping("labels", record.labels)


def _alert(alert: Alert, profile: Profile) -> Iterator[str]:
    yield from textwrap.wrap(
        alert.why, _WIDTH - 8, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    yield f"- alert: {alert.name}"
    yield _field("expr", profile.promql(alert.expr))
    if alert.hold != _AT_ONCE:
        yield f"  for: {profile.duration(alert.hold)}"
    if alert.keep != _AT_ONCE:
        yield f"  keep_firing_for: {profile.duration(alert.keep)}"
    yield from _mapping("labels", {"severity": alert.severity, **alert.labels})
    texts = {name: profile.promql(text) for name, text in alert.annotations.items()}
    yield from _mapping("annotations", texts)


def _field(name: str, promql: str) -> str:
    return f"  {name}: |-\n{textwrap.indent(promql, '    ')}"


def _mapping(name: str, values: Mapping[str, str]) -> Iterator[str]:
    if not values:
        return
    yield f"  {name}:"
    yield from (f"    {key}: {_text(key, value)}" for key, value in values.items())


def _text(key: str, value: str) -> str:
    """*value* as a quoted scalar, or folded over lines where it is too long for one."""
    if _PLAIN.fullmatch(value):
        return value
    quoted = "'" + value.replace("'", "''") + "'"
    if len(key) + len(quoted) + 12 <= _WIDTH:
        return quoted
    return ">-\n" + textwrap.indent("\n".join(_folded(value)), "      ")


def _folded(value: str) -> Iterator[str]:
    """Lines of *value*, broken at spaces outside of tags; a list or a query begins a line."""
    line = ""
    for word in _WORD.findall(value):
        if line and (word.startswith(_OPENING) or len(line) + len(word) >= _WIDTH - 12):
            yield line
            line = ""
        line = f"{line} {word}".lstrip()
    yield line


def _indented(text: str, columns: int) -> str:
    return textwrap.indent(text, " " * columns) + "\n"
