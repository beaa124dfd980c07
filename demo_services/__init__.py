"""A small shop that Sightline watches: gateway → orders → users, with traffic and control beside.

Written as a user of `instrumentation` would write it: public names only. Each service is its own
process, ``python -m demo_services.<name>``, configured by the environment (`settings.py`).
"""
