"""Demo shop: gateway → orders → users, with a load generator and an alert inbox.

The services use the public names of `instrumentation` only, as an adopter would. Each one is a
process, ``python -m demo_services.<name>``, configured by the environment (`settings.py`).
"""
