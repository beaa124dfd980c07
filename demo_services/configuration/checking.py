"""Check of merged layers against a model. A problem names place, value and expectation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from demo_services.configuration.documents import Document, flatten, merge
from demo_services.configuration.encryption import is_encrypted
from demo_services.configuration.models import Model, secret_keys

_PYDANTIC: Final = {
    "Input should be ": "",
    "Value error, ": "",
    "Value should have ": "",
    "greater than": "a value greater than",
    "less than": "a value less than",
}
"""Begins of pydantic's messages, in the order of their replacement."""
_SCALARS: Final = (bool, int, float, str, type(None))
_MAX_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Document with its origin."""

    name: str
    """Name of a file, ``center``, or the prefix of environment variables, like ``ORDERS__``."""
    document: Document

    @property
    def variables(self) -> bool:
        """True if its values are environment variables."""
        return self.name.endswith("__")

    def place(self, key: str) -> str:
        """Return the place of the dotted *key*: file and key, or the name of the variable."""
        if self.variables:
            return self.name + key.upper().replace(".", "__")
        return f"{self.name}: {key}"

    def has(self, key: str) -> bool:
        """Return true if the document has a value at the dotted *key*."""
        value: object = self.document
        for part in key.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return False
            value = value[part]
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Value that the model refuses."""

    place: str
    """Place in its layer; see `Layer.place`."""
    key: str
    value: str
    """Value as text. Empty for a secret, an unknown key, which may be one, and a missing value."""
    expected: str

    def __str__(self) -> str:
        shown = f"={self.value}" if self.value else ""
        return f"{self.place}{shown}: expected {self.expected}"


class ConfigurationError(ValueError):
    """A configuration is refused. Its message has a line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def check(model: type[Model], layers: Sequence[Layer]) -> Model:
    """Return the merged *layers*, weakest first, as a *model*.

    Raises:
        ConfigurationError: A value is missing, unknown or refused.
    """
    secrets = frozenset(secret_keys(model))
    try:
        checked = model.model_validate(merge(*(layer.document for layer in layers)))
    except ValidationError as error:
        problems = [_problem(detail, layers, secrets) for detail in error.errors(include_url=False)]
        raise ConfigurationError(problems) from None  # its cause holds the values
    return checked


def check_encryption(model: type[Model], layers: Iterable[Layer]) -> None:
    """Check that documents have secrets encrypted, and nothing else.

    Raises:
        ConfigurationError: One does not.
    """
    secrets = frozenset(secret_keys(model))
    if problems := [each for layer in layers for each in _unencrypted(layer, secrets)]:
        raise ConfigurationError(problems)


def _unencrypted(layer: Layer, secrets: frozenset[str]) -> Iterator[Problem]:
    if layer.variables:
        return
    for key, value in flatten(layer.document):
        if key in secrets and value is not None and not is_encrypted(value):
            expected = "enc(…), as `python -m demo_services.configuration encrypt` writes"
        elif is_encrypted(value) and key not in secrets:
            expected = "a value without encryption, because this key is no secret"
        else:
            continue
        yield Problem(place=layer.place(key), key=key, value="", expected=expected)


def _problem(detail: ErrorDetails, layers: Sequence[Layer], secrets: frozenset[str]) -> Problem:
    key = ".".join(map(str, detail["loc"]))
    origin = next((layer for layer in reversed(layers) if layer.has(key)), layers[0])
    match detail["type"]:
        case "missing":
            value, expected = "", "a value"
        case "extra_forbidden":
            value, expected = "", "no such key"
        case "model_type":
            value, expected = "", "a mapping of keys to values"
        case _:
            value = "" if key in secrets else _shown(detail["input"])
            expected = detail["msg"]
    for begin, replacement in _PYDANTIC.items():
        if expected.startswith(begin):
            expected = replacement + expected.removeprefix(begin)
    return Problem(place=origin.place(key), key=key, value=value, expected=expected)


def _shown(value: object) -> str:
    """Return *value* as text, or nothing for a mapping or list, in which a secret may be."""
    return repr(value)[:_MAX_SHOWN] if isinstance(value, _SCALARS) else ""
