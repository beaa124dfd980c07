"""A real SMTP server that takes mail over TLS from one user, and keeps it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.ports import free_ports


@dataclass(frozen=True, kw_only=True)  # no slots: aiosmtpd reads all members, 3.11.2 cannot
class MailServer:
    """Where it listens, and what it was handed."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    """Oldest first."""

    async def handle_DATA(  # noqa: N802  the name that aiosmtpd looks for
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def mail_server(tls: ssl.SSLContext, *, user: str, password: str) -> Iterator[MailServer]:
    """A server that wants STARTTLS, then *user* and *password*, before it takes a mail."""

    def authenticated(*asked: object) -> AuthResult:
        known = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=asked[-1] == known, handled=False)

    server = MailServer(port=free_ports(1)[0])
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        server_hostname="localhost",
        ready_timeout=60.0,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        auth_exclude_mechanism=["LOGIN"],  # its prompts are not those that Alertmanager knows
        authenticator=authenticated,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
