"""Trace store: stand-in for Jaeger on machines without one.

`python -m sightline.tracestore` receives spans over OTLP, stores them in SQLite files of bounded
size, and answers queries as Jaeger 2.20 with Badger storage does. Differences:
`docs/trace-store.md`.

Packages, the lowest first: `storage`, then `ingest` and `query`, which do not import each other,
then the modules of this package.
"""
