"""Command for encrypted values.

``python -m demo_services.configuration key`` writes a new key to standard output.
``python -m demo_services.configuration encrypt orders-prod/database.password`` reads the value from
standard input, and the key from the file that ``CONFIG_KEY_FILE`` names.
"""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from demo_services.configuration.encryption import EncryptionError, encrypt, new_key, read_key
from demo_services.configuration.models import APPLICATIONS, secret_keys
from demo_services.configuration.source import PROFILES

USAGE: Final = (
    "usage: python -m demo_services.configuration key\n"
    "       python -m demo_services.configuration encrypt DOCUMENT/KEY, like "
    "orders-prod/database.password"
)
_PLACE: Final = re.compile(rf"({'|'.join(APPLICATIONS)})(-({'|'.join(PROFILES)}))?/([\w.]+)")


def main(arguments: Sequence[str]) -> str:
    """Return the output of the command.

    Raises:
        EncryptionError: Argument, key or value are unusable.
    """
    match arguments:
        case ["key"]:
            return new_key()
        case ["encrypt", place]:
            return _encrypt(place)
        case _:
            raise EncryptionError(USAGE)


def _encrypt(place: str) -> str:
    found = _PLACE.fullmatch(place)
    secrets = tuple(secret_keys(APPLICATIONS[found[1]])) if found else ()
    if not found or found[4] not in secrets:
        known = ", ".join(secrets) or "orders-prod/database.password"
        raise EncryptionError(f"{place!r}: expected document and key of a secret, like {known}")
    text = sys.stdin.read().removesuffix("\n")
    if not text:
        raise EncryptionError("standard input: expected the value")
    return encrypt(read_key(Path(os.environ.get("CONFIG_KEY_FILE", ""))), place, text)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main(sys.argv[1:])}\n")
    except EncryptionError as error:
        sys.exit(f"{error}")
