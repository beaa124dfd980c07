"""Jaeger's HTTP query APIs over the storage.

Imports `storage`, never `ingest`.
"""
