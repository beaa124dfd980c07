"""Real SMTP server that accepts mail over TLS from one user."""

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
    """Port of the server, and received mails."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    """Received mails, oldest first."""

    async def handle_DATA(  # noqa: N802  named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Store a mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def mail_server(tls: ssl.SSLContext, *, user: str, password: str) -> Iterator[MailServer]:
    """Run a server that requires STARTTLS, *user* and *password*."""

    def authenticate(*arguments: object) -> AuthResult:
        expected = LoginPassword(user.encode(), password.encode())
        return AuthResult(success=arguments[-1] == expected, handled=False)

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
        auth_exclude_mechanism=["LOGIN"],  # Alertmanager does not support its prompts
        authenticator=authenticate,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
