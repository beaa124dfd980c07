"""Settings of tokens, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

Algorithm = Literal["ES256", "HS256"]

_ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "HS256")
_HIGHEST: Final = 86_400

DEMO_CREDENTIAL: Final = "traffic-of-the-demo"
"""Secret of the client ``traffic`` unless one is set. It is public, like this file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Settings that all services of a shop share."""

    algorithm: Algorithm
    """Algorithm of signatures, the only one that is accepted. Variable ``JWT_ALG``."""
    key_file: Path | None
    """File of the secret key, which users creates. Required with HS256, because its key signs and
    verifies, and is never published. Variable ``JWT_KEY_FILE``."""
    token_seconds: int
    """Lifetime of an access token. Variable ``JWT_LIFETIME_SECONDS``."""
    rotation_seconds: float
    """Time after which users signs with a new key of ES256. Variable ``JWT_ROTATION_HOURS``."""
    client_secret: str
    """Secret of the client ``traffic``. Variable ``TRAFFIC_CLIENT_SECRET``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables.

        Raises:
            ValueError: A variable is invalid. Names variable, value and expectation.
        """
        algorithm = _algorithm(environ.get("JWT_ALG") or "ES256")
        key_file = environ.get("JWT_KEY_FILE")
        if algorithm == "HS256" and not key_file:
            raise ValueError(
                "JWT_KEY_FILE is not set: JWT_ALG='HS256' needs a file that all services read"
            )
        rotation_hours = _number(environ, "JWT_ROTATION_HOURS", "24", lowest=0.001, unit="hours")
        lifetime = _number(environ, "JWT_LIFETIME_SECONDS", "300", lowest=1, unit="seconds")
        return cls(
            algorithm=algorithm,
            key_file=Path(key_file) if key_file else None,
            token_seconds=int(lifetime),
            rotation_seconds=rotation_hours * 3600,
            client_secret=environ.get("TRAFFIC_CLIENT_SECRET") or DEMO_CREDENTIAL,
        )


def _algorithm(value: str) -> Algorithm:
    algorithm = next((known for known in _ALGORITHMS if known == value), None)
    if algorithm is None:
        raise ValueError(f"JWT_ALG={value!r}: expected {' or '.join(_ALGORITHMS)}")
    return algorithm


def _number(
    environ: Mapping[str, str], name: str, default: str, *, lowest: float, unit: str
) -> float:
    value = environ.get(name) or default
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not lowest <= number <= _HIGHEST:
        raise ValueError(f"{name}={value!r}: expected {unit} from {lowest:g} to {_HIGHEST:g}")
    return number
