"""Reasons to refuse a request.

- `MalformedRequest`: 400; the client must not retry.
  - `BodyTooLarge`
  - `TooManyItems`: 413
- `Refused`: 503; the client may retry.
"""


class MalformedRequest(ValueError):
    """The body is invalid; the message is sent to the client."""


class BodyTooLarge(MalformedRequest):
    """The body is larger than allowed, before or after decompression."""

    def __init__(self) -> None:
        super().__init__("http: request body too large")


class TooManyItems(MalformedRequest):
    """The body has more spans, attributes and other items than one request may have."""


class Refused(Exception):
    """At least one span was not stored."""
