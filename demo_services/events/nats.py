"""Bus on a NATS server with JetStream: a stream of events, and a durable consumer per group.

The server delivers one message at a time to a group, because a later message that overtakes a
redelivered one would be applied in the wrong order.
"""

import json
from typing import Final, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, Header
from nats.js.errors import APIError

from demo_services.events.bus import DeadLetter, Delivery, Message
from demo_services.events.nats_connection import (
    DEAD_LETTERS,
    EVENTS,
    REQUEST_SECONDS,
    NatsConnection,
    Work,
    jetstream,
)

ACK_WAIT_SECONDS: Final = 3.0
"""Time after which an unacknowledged message is delivered again, to a process that asks for it.
If a handler takes longer, two processes may apply the message, and one of them finds its id."""
PULL_SECONDS: Final = 1.0
"""Time that the server holds a request for a message before it answers that there is none."""
BATCH: Final = 100
"""Dead letters that are shown."""
_PULL: Final = json.dumps({"batch": 1, "expires": int(PULL_SECONDS * 1e9)}).encode()
_NO_MESSAGE: Final = frozenset({"404", "408"})
"""Source: NATS, ADR-13, "Pull Subscribe internals"."""

Result = TypeVar("Result")


class NatsBus:
    """Bus on the server that *url* names."""

    system = "nats"

    def __init__(self, url: str) -> None:
        self._connection = NatsConnection(url)

    async def publish(self, message: Message) -> None:
        """Append *message* to the stream, once even if it is repeated within two minutes.

        Raises:
            BusUnavailableError: The server does not answer. The message may be there nevertheless.
        """
        headers = {**message.headers, Header.MSG_ID.value: message.id}
        subject, body = f"event.{message.name}", message.body.encode()
        await self._connection.run(
            lambda client: jetstream(client).publish(subject, body, stream=EVENTS, headers=headers)
        )

    def subscribe(self, name: str, *, group: str) -> "NatsSubscription":
        """Return the messages *name* for *group*, of which one process receives each."""
        return NatsSubscription(self._connection, name, group)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


class NatsSubscription:
    """Messages of one name, behind the durable consumer of one group."""

    def __init__(self, connection: NatsConnection, name: str, group: str) -> None:
        self._connection = connection
        self._consumer = f"{group}-{name.replace('.', '_')}"
        self._config = ConsumerConfig(
            name=self._consumer,
            durable_name=self._consumer,
            filter_subject=f"event.{name}",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=1,
        )
        self._dead_letters = f"dead_letter.{group}.{name}"
        self._replies: dict[int, str] = {}
        """Subjects that acknowledge the deliveries, by position."""

    async def receive(self) -> Delivery:
        """Wait for the next message and return it.

        Raises:
            BusUnavailableError: The server does not answer.
        """
        while not (found := await self._run(self._pull)):
            pass
        delivery = _delivery(found)
        self._replies = {delivery.position: found.reply}
        return delivery

    async def acknowledge(self, delivery: Delivery) -> None:
        """Tell the server that the group has *delivery*, and wait until it knows.

        Raises:
            BusUnavailableError: The server does not answer, so *delivery* comes again.
        """
        reply = self._replies[delivery.position]
        await self._run(lambda client: client.request(reply, timeout=REQUEST_SECONDS))

    async def bury(self, delivery: Delivery, *, reason: str) -> None:
        """Copy *delivery* to the stream of dead letters, then acknowledge it.

        Raises:
            BusUnavailableError: The server does not answer, so *delivery* comes again.
        """
        message = delivery.message
        letter = {"id": message.id, "name": message.name, "reason": reason}
        body = json.dumps({**letter, "body": message.body, "headers": dict(message.headers)})
        headers = {Header.MSG_ID.value: f"{self._consumer} {message.id}"}
        await self._run(
            lambda client: jetstream(client).publish(
                self._dead_letters, body.encode(), stream=DEAD_LETTERS, headers=headers
            )
        )
        await self.acknowledge(delivery)

    async def dead_letters(self) -> list[DeadLetter]:
        """Return the latest dead letters of the group, newest first.

        Raises:
            BusUnavailableError: The server does not answer.
        """
        found = (json.loads(each.data) for each in await self._run(self._read_dead_letters))
        return [DeadLetter(id=it["id"], name=it["name"], reason=it["reason"]) for it in found]

    async def count_waiting(self) -> int:
        """Return the number of messages that are not acknowledged, delivered or not.

        Raises:
            BusUnavailableError: The server does not answer.
        """
        info = await self._run(self._inform)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def _run(self, work: Work[Result]) -> Result:
        return await self._connection.run(work, consumer=self._config)

    async def _pull(self, client: Client) -> Msg | None:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{self._consumer}"
        # The new style finds the response by its subject, but a message keeps that of its event.
        seconds = PULL_SECONDS + REQUEST_SECONDS
        found = await client.request(subject, _PULL, timeout=seconds, old_style=True)
        status = (found.headers or {}).get(Header.STATUS)
        if status in _NO_MESSAGE:
            return None
        if status:  # like a deleted consumer, or a server that stops
            raise APIError.from_msg(found)
        return found

    async def _read_dead_letters(self, client: Client) -> list[Msg]:
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=REQUEST_SECONDS)
        reader = await jetstream(client).pull_subscribe(
            self._dead_letters, stream=DEAD_LETTERS, config=config
        )
        waiting = (await reader.consumer_info()).num_pending
        found = await reader.fetch(waiting, timeout=REQUEST_SECONDS) if waiting else []
        await reader.unsubscribe()
        return found[: -BATCH - 1 : -1]

    async def _inform(self, client: Client) -> ConsumerInfo:
        info: ConsumerInfo = await jetstream(client).consumer_info(EVENTS, self._consumer)
        return info


def _delivery(found: Msg) -> Delivery:
    """Return *found* without the headers of the server."""
    headers = found.headers or {}
    message = Message(
        id=headers[Header.MSG_ID.value],
        name=found.subject.partition(".")[2],
        body=found.data.decode(),
        headers={key: value for key, value in headers.items() if not key.startswith("Nats-")},
    )
    return Delivery(message=message, position=found.metadata.sequence.stream)
