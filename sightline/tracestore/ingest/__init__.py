"""OTLP receivers: decode, check, write to the storage, count.

Imports `storage`, never `query`.
"""
