"""Identity labels of an organization in texts that are written with `IDENTITY`.

Rules, annotations and dashboards name ``cluster`` and ``namespace`` in lists: of labels, of
matchers, of template arguments and of URL parameters. An organization may call them otherwise, have
further labels, or lack one. So each item of a list becomes one item for each of its labels.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sightline.mixin.identity import PLACE

REPLACEABLE: Final = PLACE
"""Labels that an organization can replace. ``job`` is the name of the service."""

_LABELS: Final = re.compile(
    r"(?P<clause>\b(?:by|without|on|ignoring|group_left|group_right)) \((?P<items>[^()]*)\)"
)
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_MATCHERS: Final = re.compile(rf"(?<!\{{)\{{(?P<items>(?:[^{{}}\"]|{_STRING})+)\}}(?!\}})")
_MATCHER: Final = re.compile(
    rf"\s*(?P<label>[a-zA-Z_]\w*)\s*(?P<rest>(?:=~|!~|!=|=)\s*{_STRING})\s*,?"
)
_ARGUMENTS: Final = re.compile(r"(?<=`)(?P<items>(?: \$labels\.\w+)+)(?= \| query)")
_PARAMETERS: Final = re.compile(
    r"(?P<mark>[?&])(?:var-(?P<name>\w+)=(?P<value>\{\{[^}]*\}\}|\$\{[^}]*\}|[^&\s]*)"
    r"|\$\{(?P<shown>\w+):queryparam\})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Labels in place of each of `REPLACEABLE`. Without an entry, a label stays."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def labels(self, label: str) -> tuple[str, ...]:
        """Return the labels in place of *label*."""
        return self.names.get(label, (label,))

    def promql(self, text: str) -> str:
        """Return the query *text*, or a template that contains queries, with these labels."""
        if not self.names:
            return text
        text = _LABELS.sub(self._label_list, text)
        text = _MATCHERS.sub(self._matchers, text)
        return _ARGUMENTS.sub(self._arguments, text)

    def url(self, text: str) -> str:
        """Return the address *text* with these labels as variables of its dashboard."""
        if not self.names:
            return text
        text = _PARAMETERS.sub(self._parameter, text)
        return text if "?" in text else text.replace("&", "?", 1)

    def _label_list(self, found: re.Match[str]) -> str:
        labels = (label.strip() for label in found["items"].split(","))
        kept = [name for label in labels for name in self.labels(label)]
        return f"{found['clause']} ({', '.join(filter(None, kept))})"

    def _matchers(self, found: re.Match[str]) -> str:
        items = list(_MATCHER.finditer(found["items"]))
        if "".join(item[0] for item in items) != found["items"]:
            return found[0]
        kept = [
            name + _renamed(item["rest"], f"${item['label']}", f"${name}")
            for item in items
            for name in self.labels(item["label"])
        ]
        return f"{{{', '.join(kept)}}}"

    def _arguments(self, found: re.Match[str]) -> str:
        labels = (item.removeprefix("$labels.") for item in found["items"].split())
        return "".join(f" $labels.{name}" for label in labels for name in self.labels(label))

    def _parameter(self, found: re.Match[str]) -> str:
        label = found["name"] or found["shown"]
        if label not in self.names:
            return found[0]
        parameters = (_parameter(found, label, name) for name in self.labels(label))
        joined = "&".join(parameters)
        return found["mark"] + joined if joined else ""


def _parameter(found: re.Match[str], label: str, name: str) -> str:
    if found["shown"]:
        return f"${{{name}:queryparam}}"
    return f"var-{name}={_renamed(found['value'], label, name)}"


def _renamed(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)
