"""Server side: HTTP requests and WebSockets with their spans and samples.

The hot path is in ``asgi``, ``request``, ``spans``, ``attributes``, ``route`` and ``entry``.
``tests/benchmarks/per_request.py`` measures the cost of a change to them.
"""
