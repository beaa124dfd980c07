"""The trace store: what stands in for Jaeger where no Jaeger is installed.

`python -m sightline.tracestore` takes spans over OTLP, keeps them in SQLite files within a bound,
and answers as Jaeger 2.20 with its Badger storage does. What differs: `docs/trace-store.md`.
"""
