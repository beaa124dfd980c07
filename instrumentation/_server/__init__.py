"""Server side of one connection: HTTP requests, WebSockets, their spans and samples.

``asgi``, ``request``, ``spans``, ``attributes``, ``route`` and ``entry`` are on the way of every
request. ``tests/benchmarks/per_request.py`` judges a change to them.
"""
