"""Bytes of OTLP messages.

Attributes are encoded before a span ends, because most requests of a service share them: a group of
attributes is encoded once and its bytes are reused for every span that has them.
"""
