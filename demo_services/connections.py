"""Connections of `http.client`, which is not traced: for probes, and calls that wait for long."""

from http.client import HTTPConnection, HTTPSConnection

from demo_services.tls import Identity


def connect(
    host: str, port: int | None, *, secure: bool, identity: Identity | None, timeout_seconds: float
) -> HTTPConnection:
    """Return a connection that opens with its first request.

    Args:
        host: Name or address.
        port: None for the default of the scheme.
        secure: Use TLS, with the certificates of *identity* if there is one.
        identity: Ignored without TLS.
        timeout_seconds: Timeout of each operation on the socket.
    """
    if not secure:
        return HTTPConnection(host, port, timeout=timeout_seconds)
    context = identity.context() if identity else None
    return HTTPSConnection(host, port, timeout=timeout_seconds, context=context)
