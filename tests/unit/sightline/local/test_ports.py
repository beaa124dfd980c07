import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sightline.errors import PortTaken
from sightline.local import ports
from tests.ports import free_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_free_ports_pass() -> None:
    ports.require_free([("GATEWAY_PORT", free_ports(1)[0])])


def test_a_port_in_use_is_reported_with_variable_and_process(taken: int) -> None:
    with pytest.raises(PortTaken) as raised:
        ports.require_free([("GATEWAY_PORT", taken)])

    assert f"port {taken} (GATEWAY_PORT): held by pid {os.getpid()}: " in str(raised.value)


def test_every_port_in_use_is_reported(taken: int) -> None:
    with pytest.raises(PortTaken) as raised:
        ports.require_free([("USERS_PORT", taken), ("ORDERS_PORT", taken)])

    assert "USERS_PORT" in str(raised.value)
    assert "ORDERS_PORT" in str(raised.value)


def test_a_port_in_time_wait_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listener.accept()[0] as served:
            served.close()

    assert ports.free(port)


def test_the_command_line_of_a_listener_is_escaped() -> None:
    holds = "import socket\ns = socket.create_server(('127.0.0.1', 0))  # \x1b[2J\u202e\n"
    holds += "print(s.getsockname()[1], flush=True); s.accept()"
    command = [sys.executable, "-c", holds]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        shown = ports.holder(int(holder.stdout.readline()))
        holder.kill()

    assert shown.isprintable()
    assert r"import socket\ns = " in shown
