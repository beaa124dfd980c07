"""Mutual TLS between the services: each shows a certificate of one authority, and demands one."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

VARIABLES: Final = ("TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are, and whom we trust: three PEM files."""

    certificate: str
    """Variable ``TLS_CERT_FILE``."""
    key: str
    """Variable ``TLS_KEY_FILE``."""
    authority: str
    """Variable ``TLS_CA_FILE``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """The identity, or nothing while no variable is set: plain HTTP.

        Raises:
            ValueError: One of the three is missing, or is no file.
        """
        given = {name: environ[name] for name in VARIABLES if environ.get(name)}
        if not given:
            return None
        for name in VARIABLES:
            if not Path(given.get(name, "")).is_file():
                value = given.get(name, "")
                raise ValueError(f"{name}={value!r}: expected a PEM file, as for all three")
        certificate, key, authority = (given[name] for name in VARIABLES)
        return cls(certificate=certificate, key=key, authority=authority)

    def server_options(self) -> dict[str, Any]:
        """For `uvicorn.run`: callers without a certificate of our authority are turned away."""
        return {
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_ca_certs": self.authority,
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
        }

    def context(self) -> ssl.SSLContext:
        """For calls: shows our certificate, takes only those of our authority."""
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return context
