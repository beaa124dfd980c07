"""Keys of signatures, and their published form: a JSON Web Key Set. Source: RFC 7517."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt import InvalidKeyError
from jwt.algorithms import ECAlgorithm

from demo_services.auth.settings import Algorithm

SECRET_BYTES: Final = 32
"""Size of a key of HS256. Source: RFC 7518, section 3.2."""

_CURVE: Final = "P-256"

Document = Any
"""JSON of unknown form."""

PublicKey = ec.EllipticCurvePublicKey | bytes
PublicKeys = Mapping[str, PublicKey]
"""Keys that verify signatures, by id. The key of HS256 is secret nevertheless."""


class KeysError(Exception):
    """The keys cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """Key that signs tokens."""

    id: str
    algorithm: Algorithm
    private: ec.EllipticCurvePrivateKey | bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """Key that verifies the signatures."""
        return self.private if isinstance(self.private, bytes) else self.private.public_key()


def create_pem() -> str:
    """Return a new private key of ES256."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def from_pem(key_id: str, pem: str) -> SigningKey:
    """Return the key of ES256 in *pem*.

    Raises:
        KeysError: *pem* holds another kind of key.
    """
    private = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise KeysError(f"key {key_id} is not of ES256")
    return SigningKey(id=key_id, algorithm="ES256", private=private)


def to_key_set(keys: Iterable[SigningKey]) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON Web Key Set of public keys. A secret key is left out."""
    return {
        "keys": [
            {
                **ECAlgorithm.to_jwk(key.private.public_key(), as_dict=True),
                "kid": key.id,
                "use": "sig",
                "alg": key.algorithm,
            }
            for key in keys
            if isinstance(key.private, ec.EllipticCurvePrivateKey)
        ]
    }


def from_key_set(document: Document) -> PublicKeys:
    """Return the keys of ES256 in a JSON Web Key Set. Other keys are ignored, as RFC 7517 says.

    Raises:
        KeysError: *document* is no key set, or holds no key of ES256.
    """
    try:
        found = {jwk["kid"]: _public(jwk) for jwk in document["keys"] if jwk.get("crv") == _CURVE}
    except (AttributeError, InvalidKeyError, KeyError, TypeError, ValueError) as error:
        raise KeysError(f"no valid key set: {error!r}") from error
    if not found:
        raise KeysError("the key set has no key of ES256")
    return found


def _public(jwk: dict[str, Any]) -> ec.EllipticCurvePublicKey:
    key = ECAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("not a public key")
    return key


def create_shared_key(file: Path) -> None:
    """Create *file* with a random key that its owner alone may read, unless it exists.

    Raises:
        OSError: The file cannot be written.
    """
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        new.touch(mode=0o600, exist_ok=False)
        new.write_bytes(secrets.token_bytes(SECRET_BYTES))
        with suppress(FileExistsError):
            file.hardlink_to(new)  # whole or not at all, and the first of several processes wins
    finally:
        new.unlink(missing_ok=True)


def read_shared_key(file: Path) -> SigningKey:
    """Return the key of HS256 in *file*. Its id is a digest, so that a new key has a new one.

    Raises:
        KeysError: The file does not exist, or is too short.
    """
    try:
        secret = file.read_bytes()
    except OSError as error:
        raise KeysError(f"{error}") from error
    if len(secret) < SECRET_BYTES:
        raise KeysError(f"{file} has less than {SECRET_BYTES} bytes")
    digest = hashlib.sha256(b"id of " + secret).hexdigest()
    return SigningKey(id=digest[:16], algorithm="HS256", private=secret)
