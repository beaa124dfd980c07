"""Spans in SQLite files, and the trace model that is read from them.

Lowest package of the trace store: it imports neither `ingest` nor `query`.
"""
