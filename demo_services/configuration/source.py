"""Origin of a service's configuration: profile, files, environment and configuration center."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import yaml

from demo_services.configuration.checking import (
    ConfigurationError,
    Layer,
    Problem,
    check,
    check_encryption,
)
from demo_services.configuration.documents import Document, map_values, nest
from demo_services.configuration.encryption import (
    EncryptionError,
    decrypt,
    is_encrypted,
    read_key,
)
from demo_services.configuration.models import Model, secret_keys

PROFILES: Final = ("dev", "test", "prod")
"""The first one is the default."""
FILES: Final = Path(__file__).parent / "files"
CENTER: Final = "center"


class SourceError(ValueError):
    """An environment variable of the configuration has an invalid value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Origin of the configuration of one application."""

    application: str
    profile: str
    """One of `PROFILES`. Variable ``CONFIG_PROFILE``."""
    url: str
    """Base URL of the configuration center, or empty for none. Variable ``CONFIG_URL``."""
    key: bytes | None = field(repr=False)
    """Key of encrypted values, from the file of the variable ``CONFIG_KEY_FILE``."""
    variables: Mapping[str, str] = field(repr=False)
    """Variables with values, like ``ORDERS__BREAKER__WINDOW``. A secret may be among them."""
    files: Path = FILES

    @classmethod
    def from_env(cls, environ: Mapping[str, str], application: str) -> Self:
        """Read the variables of *application*.

        Raises:
            SourceError: A variable is invalid. Names variable, value and expectation.
        """
        key_file = environ.get("CONFIG_KEY_FILE")
        try:
            key = read_key(Path(key_file)) if key_file else None
        except EncryptionError as error:
            raise SourceError(f"{error}") from None
        prefix = f"{application.upper()}__"
        return cls(
            application=application,
            profile=_profile(environ.get("CONFIG_PROFILE") or PROFILES[0]),
            url=_url(environ.get("CONFIG_URL", "")),
            key=key,
            variables={name: environ[name] for name in environ if name.startswith(prefix)},
        )

    def load(self, model: type[Model], pushed: Document | None = None) -> Model:
        """Return the configuration with *pushed* as the document of the center.

        Raises:
            ConfigurationError: Names place, key, value and expectation of each problem.
        """
        documents = self.layers(pushed)
        check_encryption(model, documents)
        return check(model, [*map(self._decrypted, documents), self._environment(model)])

    def layers(self, pushed: Document | None = None) -> list[Layer]:
        """Return the documents as they are written: the files that exist, then *pushed*.

        Raises:
            ConfigurationError: A file is no mapping in YAML.
        """
        names = [f"{name}.yml" for name in (self.application, self._document)]
        present = [name for name in names if (self.files / name).is_file()]
        read = [Layer(name=name, document=_read(self.files / name)) for name in present]
        return read if pushed is None else [*read, Layer(name=CENTER, document=pushed)]

    @property
    def _document(self) -> str:
        return f"{self.application}-{self.profile}"

    def _environment(self, model: type[Model]) -> Layer:
        secrets = frozenset(secret_keys(model))
        prefix = f"{self.application.upper()}__"
        values = {
            name.removeprefix(prefix).lower().replace("__", "."): text
            for name, text in self.variables.items()
        }
        parsed = {key: text if key in secrets else _scalar(text) for key, text in values.items()}
        return Layer(name=prefix, document=nest(parsed))

    def _decrypted(self, layer: Layer) -> Layer:
        name = self._document if layer.name == CENTER else layer.name.removesuffix(".yml")
        opened = map_values(layer.document, partial(self._open, layer, name))
        return Layer(name=layer.name, document=opened)

    def _open(self, layer: Layer, name: str, key: str, value: object) -> object:
        if not isinstance(value, str) or not is_encrypted(value):
            return value
        expected = "the variable CONFIG_KEY_FILE, because this value is encrypted"
        if self.key:
            try:
                return decrypt(self.key, f"{name}/{key}", value)
            except EncryptionError as error:
                expected = f"{error}"
        problem = Problem(place=layer.place(key), key=key, value="", expected=expected)
        raise ConfigurationError([problem])


def _read(path: Path) -> Document:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise _not_a_mapping(path, line) from None  # its cause may hold a secret
    if document is None:
        return {}
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise _not_a_mapping(path)
    return document


def _not_a_mapping(path: Path, line: str = "") -> ConfigurationError:
    expected = "a mapping of names to values in YAML"
    return ConfigurationError(
        [Problem(place=f"{path.name}{line}", key="", value="", expected=expected)]
    )


def _scalar(text: str) -> object:
    """Return the value of a variable as YAML has it, or its text if it is no YAML."""
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value


def _profile(name: str) -> str:
    if name not in PROFILES:
        raise SourceError(f"CONFIG_PROFILE={name!r}: expected one of {', '.join(PROFILES)}")
    return name


def _url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path):
        raise SourceError(f"CONFIG_URL={value!r}: expected a base URL, like http://control:8003")
    return value
