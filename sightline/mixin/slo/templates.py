"""Templates in labels and annotations of alerts.

Prometheus refuses a rule file with a template that it cannot parse. This module accepts the part of
the language that alerts use: pipelines, conditions, loops and variables.
Source: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

import re
from typing import Final

_ACTION: Final = re.compile(r"\{\{(?:- )?(.*?)(?: -)?\}\}", re.DOTALL)
_COMMENT: Final = re.compile(r"\{\{(?:- )?/\*.*?\*/(?: -)?\}\}", re.DOTALL)
_TOKEN: Final = re.compile(
    r"""\s*("(?:\\["\\nrt]|[^"\\\n])*"|`[^`]*`|\$\w*(?:\.[A-Za-z_]\w*)*|(?:\.[A-Za-z_]\w*)+|\.
    |-?[0-9]+(?:\.[0-9]+)?(?![\w.])|[A-Za-z_]\w*|:=|[|(),])\s*""",
    re.VERBOSE | re.ASCII,
)
_FUNCTIONS: Final = frozenset(
    {
        *("and", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or"),
        *("print", "printf", "println", "slice", "urlquery"),
        *("args", "externalURL", "first", "graphLink", "humanize", "humanize1024"),
        *("humanizeDuration", "humanizePercentage", "humanizeTimestamp", "label", "match"),
        *("parseDuration", "pathPrefix", "query", "reReplaceAll", "safeHtml", "sortByLabel"),
        *("stripDomain", "stripPort", "strvalue", "tableLink", "title", "toLower", "toTime"),
        *("toUpper", "value"),
    }
)
"""Functions of Go's templates, then those of Prometheus 2.42."""

_GIVEN: Final = frozenset({"$", "$labels", "$externalLabels", "$externalURL", "$value"})


def check(text: str) -> None:
    """Check that Prometheus can parse the template *text*.

    Raises:
        ValueError: Contains the template and the expectation.
    """
    text = _COMMENT.sub("", text)
    if "{{" in _ACTION.sub("", text):
        raise ValueError(f"{text!r}: expected '}}}}' after '{{{{'")
    blocks = _Blocks()
    for action in _ACTION.findall(text):
        try:
            blocks.read(_tokens(action))
        except ValueError as error:
            raise ValueError(f"{{{{{action}}}}}: {error}") from error
    if blocks.open:
        raise ValueError(f"{text!r}: expected {{{{ end }}}}")


def _tokens(action: str) -> list[str]:
    tokens, at = [], 0
    while at < len(action):
        found = _TOKEN.match(action, at)
        if not found:
            raise ValueError(f"unexpected {action[at:]!r} in a template")
        tokens.append(found[1])
        at = found.end()
    return tokens


class _Blocks:
    """Open blocks, each with the variables at its start."""

    def __init__(self) -> None:
        self.open: list[tuple[frozenset[str], bool]] = []
        self._variables = _GIVEN

    def read(self, tokens: list[str]) -> None:
        """Read the tokens of one action."""
        match tokens:
            case ["end"] if self.open:
                self._variables, _ = self.open.pop()
            case ["else", *rest] if self.open and self.open[-1][1]:
                self._else(rest)
            case ["if" | "with" | "range" as keyword, *rest]:
                outside = self._variables
                self._pipeline(self._declare(rest, most=2 if keyword == "range" else 1))
                self.open.append((outside, True))
            case _:
                self._pipeline(self._declare(tokens, most=1))

    def _else(self, rest: list[str]) -> None:
        outside, _ = self.open[-1]
        self.open[-1] = (outside, bool(rest))
        if rest:
            if rest[0] != "if":
                raise ValueError("expected {{ else }} or {{ else if … }}")
            self._pipeline(rest[1:])

    def _declare(self, tokens: list[str], *, most: int) -> list[str]:
        """Return *tokens* behind a declaration of up to *most* variables."""
        if ":=" not in tokens:
            return tokens
        at = tokens.index(":=")
        names = [each for each in tokens[:at] if "$" in each]
        declared = tokens[:at] == [each for name in names for each in (",", name)][1:]
        if not declared or len(names) > most or not all(map(_is_variable, names)):
            raise ValueError("expected a variable before :=")
        self._variables |= set(names)
        return tokens[at + 1 :]

    def _pipeline(self, tokens: list[str]) -> None:
        rest = self._commands(tokens)
        if rest:
            raise ValueError(f"unexpected {rest[0]!r} in a template")

    def _commands(self, tokens: list[str]) -> list[str]:
        """Return the tokens behind a pipeline, which ends with the list or before ``)``."""
        rest = self._command(tokens)
        while rest[:1] == ["|"]:
            if rest[1:2] == [] or rest[1] not in _FUNCTIONS:
                raise ValueError("expected a function after |")
            rest = self._command(rest[1:])
        return rest

    def _command(self, tokens: list[str]) -> list[str]:
        rest = self._operand(tokens)
        while rest and rest[0] not in {"|", ")"}:
            rest = self._operand(rest)
        return rest

    def _operand(self, tokens: list[str]) -> list[str]:
        """Return the tokens behind one operand."""
        if not tokens:
            raise ValueError("expected a value in a template")
        operand, rest = tokens[0], tokens[1:]
        if operand != "(":
            self._check_operand(operand)
            return rest
        rest = self._commands(rest)
        if rest[:1] != [")"]:
            raise ValueError("expected ')' in a template")
        return rest[1:]

    def _check_operand(self, operand: str) -> None:
        if operand.startswith("$"):
            known = operand.partition(".")[0] in self._variables
        else:
            known = operand[0] in '"`.-' or operand[0].isdecimal() or operand in _FUNCTIONS
        if not known:
            raise ValueError(f"unknown {operand!r} in a template")


def _is_variable(token: str) -> bool:
    return token.startswith("$") and "." not in token and token not in _GIVEN
