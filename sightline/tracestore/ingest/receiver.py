"""Common part of both receivers: read a request, write it, count it."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from sightline.tracestore.ingest.errors import Refused
from sightline.tracestore.ingest.intake import Intake
from sightline.tracestore.ingest.metrics import IngestMetrics
from sightline.tracestore.ingest.prepared import Decoder, prepare
from sightline.tracestore.ingest.writer import NotStored, QueueFull, Writer

INVALID_ARGUMENT: Final = 3
UNAVAILABLE: Final = 14
"""Codes of google.rpc.Status."""


class KeyTooLong(Exception):
    """A span exceeds the key size of Jaeger's index."""


class Receiver:
    """Receiver of one transport, ``http`` or ``grpc``."""

    def __init__(
        self, intake: Intake, writer: Writer, metrics: IngestMetrics, *, transport: str
    ) -> None:
        self._intake = intake
        self._writer = writer
        self._metrics = metrics
        self._transport = transport

    async def receive(
        self,
        chunks: AsyncIterator[bytes],
        decoder: Decoder,
        *,
        encoding: str = "",
        expected_bytes: int = 0,
    ) -> None:
        """Return after the request in *chunks* is on disk.

        Args:
            chunks: Body as it arrives.
            decoder: Called with the decompressed body, on the event loop or in a thread.
            encoding: Content encoding.
            expected_bytes: Memory that the sender may use before the first chunk is returned.

        Raises:
            MalformedRequest: *decoder* rejects it, or it exceeds a limit.
            Refused: At least one span was not stored; the message gives the reason.
        """
        request = await self._intake.read(
            chunks,
            partial(prepare, decoder=decoder),
            encoding=encoding,
            expected_bytes=expected_bytes,
        )
        try:
            await self._writer.write(request.parts)
        except (QueueFull, NotStored) as error:
            self._metrics.count_refused(self._transport, request.spans, error)
            raise Refused(f"failed to export traces: {error}") from error
        if request.reasons:
            # As in Jaeger, every span of the request counts as refused, although some are stored.
            too_long = KeyTooLong("\n".join(request.reasons))
            refused = request.spans + len(request.reasons)
            self._metrics.count_refused(self._transport, refused, too_long)
            raise Refused(str(too_long)) from too_long
        self._metrics.count_stored(self._transport, request.spans)
