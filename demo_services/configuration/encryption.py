"""Encrypted values of documents: ``enc(A256GCM,…)``, AES-256-GCM.

The place of a value, like ``orders-prod/database.password``, is authenticated with it. A value that
is moved to another key or document is refused, so the password of one service cannot become that
of another, or a text that is logged.
"""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32

_ALGORITHM: Final = "enc(A256GCM,"
_FORM: Final = re.compile(r"enc\(A256GCM,[\w=-]+\)", re.ASCII)
_NONCE_BYTES: Final = 12
"""Source: NIST SP 800-38D, section 8.2.1. A random nonce serves for 2³² values of a key."""


class EncryptionError(ValueError):
    """A key or an encrypted value is unusable. The message holds neither."""


def is_encrypted(value: object) -> bool:
    """Return true if *value* is a text in the form of an encrypted value."""
    return isinstance(value, str) and _FORM.fullmatch(value) is not None


def new_key() -> str:
    """Return the text of a file with a new key."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def read_key(path: Path) -> bytes:
    """Return the key in the file at *path*.

    Raises:
        EncryptionError: It is unreadable, or no key of 32 bytes in base64.
    """
    try:
        key = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise EncryptionError(
            f"CONFIG_KEY_FILE={str(path)!r}: expected a readable file with {KEY_BYTES} bytes in "
            "base64, as `python -m demo_services.configuration key` writes"
        )
    return key


def encrypt(key: bytes, place: str, text: str) -> str:
    """Return *text* as an encrypted value for *place*, like ``orders-prod/database.password``."""
    # Most services have no encrypted value, and the library takes 60 ms and 8 MB.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), place.encode())
    return f"{_ALGORITHM}{base64.urlsafe_b64encode(nonce + sealed).decode()})"


def decrypt(key: bytes, place: str, value: str) -> str:
    """Return the text of an encrypted value.

    Raises:
        EncryptionError: It was encrypted with another key or for another place, or was changed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        body = value.removeprefix(_ALGORITHM).removesuffix(")")
        sealed = base64.b64decode(body, altchars=b"-_", validate=True)
        opened = AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        return opened.decode()
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise EncryptionError(
            f"a value that was encrypted for {place} with the key of CONFIG_KEY_FILE"
        ) from error
