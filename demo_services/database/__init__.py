"""Database of a service: pooled connections, with a span and a simulated duration per statement.

`pool.py` is the part that services use. `sqlite.py` is the embedded database, `postgresql.py` a
server.
"""
