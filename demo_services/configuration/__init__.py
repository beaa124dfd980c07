"""Configuration of the services: values that may change while they run.

::

    configuration = Configuration(OrdersConfiguration, settings.configuration, telemetry.registry)
    configuration.subscribe(apply)  # called now, and after each change

Layers, from the weakest to the strongest: ``files/orders.yml``, ``files/orders-prod.yml`` of the
profile, the document of the configuration center, variables like ``ORDERS__BREAKER__WINDOW``.
`demo_services/settings.py` has what a service needs to start: ports and addresses.
"""
