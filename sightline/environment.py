"""Environment variables of the command and its stand-ins, with the defaults of `.env`.

One reader for all of them: **environment > `.env` > default**; an empty variable counts as unset.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from dotenv.variables import parse_variables

from sightline import artifacts
from sightline.errors import ConfigurationError

_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Environment:
    """Variables with typed access.

    Every method raises `ConfigurationError` with variable, value and the expected format.
    """

    variables: Mapping[str, str]

    @classmethod
    def read(cls, environ: Mapping[str, str], *, env_file: Path = artifacts.ENV_FILE) -> Self:
        """Return *environ* over the variables of *env_file*.

        Raises:
            ConfigurationError: A line of the file is invalid.
        """
        present = {name: value for name, value in environ.items() if value}
        return cls({**read_env_file(env_file, present), **present})

    def text(self, variable: str, default: str = "") -> str:
        """Return the value of *variable*."""
        return self.variables.get(variable) or default

    def port(self, variable: str) -> int:
        """Return a TCP port, which has no default."""
        value = self.text(variable)
        if not value.isdecimal() or not 0 < int(value) <= _HIGHEST_PORT:
            raise _invalid(variable, value, "a TCP port, like 8000")
        return int(value)

    def count(self, variable: str, default: int) -> int:
        """Return a whole number above 0."""
        value = self.text(variable, str(default))
        if not value.isdecimal() or int(value) == 0:
            raise _invalid(variable, value, "a whole number above 0")
        return int(value)

    def seconds(self, variable: str, default: float) -> float:
        """Return a duration above 0."""
        value = self.text(variable, str(default))
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            raise _invalid(variable, value, "seconds as a number, like 5.0")
        return seconds

    def boolean(self, variable: str) -> bool:
        """Return a boolean; false if the variable is unset."""
        value = self.text(variable, "false")
        if value.lower() not in {"true", "false", "1", "0"}:
            raise _invalid(variable, value, "true or false")
        return value.lower() in {"true", "1"}

    def choice(self, variable: str, choices: tuple[str, ...]) -> str:
        """Return one of *choices*; the first if the variable is unset."""
        value = self.text(variable, choices[0])
        if value not in choices:
            raise _invalid(variable, value, f"one of {', '.join(choices)}")
        return value

    def url(self, variable: str, default: str) -> str:
        """Return an HTTP URL without a slash at its end."""
        value = self.text(variable, default)
        if urlsplit(value).scheme not in {"http", "https"}:
            raise _invalid(variable, value, f"a URL, like {default or 'http://localhost:3000'}")
        return value.rstrip("/")

    def directory(self, variable: str, default: Path) -> Path:
        """Return an existing directory."""
        path = Path(self.text(variable, str(default)))
        if not path.is_dir():
            raise _invalid(variable, str(path), "an existing directory")
        return path


def read_env_file(path: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of an `.env` file, with the syntax of docker compose.

    Args:
        path: The file.
        environ: Variables that override those of the file in references like ``${NAME}``.

    Raises:
        ConfigurationError: A line is no assignment; the message has the file and the line.
    """
    variables: dict[str, str] = {}
    with path.open(encoding="utf-8") as stream:
        for binding in parse_stream(stream):
            if binding.error:
                line = f"{path}:{binding.original.line}"
                text = binding.original.string.strip()
                raise ConfigurationError(f"{line}: {text!r}: expected NAME=value")
            if binding.key and binding.value is not None:
                known = {**variables, **(environ or {})}
                parts = parse_variables(binding.value)
                variables[binding.key] = "".join(part.resolve(known) for part in parts)
    return variables


def _invalid(variable: str, value: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"{variable}={value!r}: expected {expected}")
