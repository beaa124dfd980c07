"""Bus that ``BUS_URL`` names."""

from urllib.parse import urlsplit

from demo_services.events.bus import NATS_SCHEMES, Bus
from demo_services.events.log import EventLog


def open_bus(place: str) -> Bus:
    """Return the bus at *place*: the path of an event log, or a URL of NATS.

    Args:
        place: The URL of NATS requires the extra ``nats``.
    """
    if urlsplit(place).scheme not in NATS_SCHEMES:
        return EventLog(place)
    # The client library takes memory and time to import, which other buses do not pay.
    from demo_services.events.nats import NatsBus

    return NatsBus(place)
