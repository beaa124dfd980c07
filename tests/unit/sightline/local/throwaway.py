"""Small programs as roles, because the supervisor does not depend on the programs."""

import os
import sys
from collections.abc import Sequence

from sightline.local.state import Role, Status
from tests.ports import free_ports

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TALKS = SERVER.replace("self.send_response", "print(self.path, flush=True); self.send_response")
FAILS = "import sys; print('the reason', flush=True); sys.exit(3)"


def role(name: str, program: str = SERVER, *, needs: tuple[str, ...] = ()) -> Role:
    (port,) = free_ports(1)
    return Role(
        name=name,
        provider="throwaway",
        command=(sys.executable, "-c", program, str(port)),
        environ=dict(os.environ),
        folder="/",
        url=f"http://127.0.0.1:{port}",
        health=f"http://127.0.0.1:{port}/healthz",
        ports=((f"{name.upper()}_PORT", port),),
        needs=needs,
    )


class Silent:
    """Progress that only records."""

    def __init__(self) -> None:
        self.reported: list[str] = []

    def healthy(self, status: Status) -> None:
        self.reported.append(status.role.name)

    def waiting(self, names: Sequence[str]) -> None:
        pass

    def note(self, text: str) -> None:
        self.reported.append(text)

    def done(self) -> None:
        pass
