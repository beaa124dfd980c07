"""Events between the services: an outbox in each database, a bus, and idempotent consumers.

A change and its event are written in one transaction (`outbox.py`). The relay publishes the event
on the bus (`relay.py`), which keeps it for every group of consumers (`log.py`). A consumer applies
it in one transaction with its id (`consumer.py`). A process may be killed at any moment: the event
is then published or delivered once more, and its effect is applied once.
"""
