"""HTTP service that is too busy for every request."""

from http.server import BaseHTTPRequestHandler

from tests.fakes.threaded import ThreadedServer


class BusyService(ThreadedServer):
    """Server that answers 503.

    Args:
        retry_after: Header ``Retry-After`` of the response.
    """

    def __init__(self, retry_after: str) -> None:
        super().__init__(_handler(retry_after))

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://{self.address}"


def _handler(retry_after: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
