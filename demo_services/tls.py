"""Mutual TLS between the services, with certificates of one authority."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

VARIABLES: Final = ("TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Certificate, key and authority of a service: paths of three PEM files."""

    certificate: str
    """Variable ``TLS_CERT_FILE``."""
    key: str
    """Variable ``TLS_KEY_FILE``."""
    authority: str
    """Variable ``TLS_CA_FILE``."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """Return the identity, or None for plain HTTP if no variable is set.

        Raises:
            ValueError: One of the three variables is unset or names no file.
        """
        values = {name: environ[name] for name in VARIABLES if environ.get(name)}
        if not values:
            return None
        for name in VARIABLES:
            if not Path(values.get(name, "")).is_file():
                value = values.get(name, "")
                raise ValueError(f"{name}={value!r}: expected a PEM file, as for all three")
        certificate, key, authority = (values[name] for name in VARIABLES)
        return cls(certificate=certificate, key=key, authority=authority)

    def server_options(self) -> dict[str, Any]:
        """Return options for `uvicorn.run` that reject clients without a certificate."""
        return {
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "ssl_ca_certs": self.authority,
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
        }

    def context(self) -> ssl.SSLContext:
        """Return a client context that presents the certificate and verifies the server's."""
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return context
