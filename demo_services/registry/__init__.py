"""Service registry, with its client: a subset of Consul's HTTP API.

`catalog`, `registration`, `health_checks` and `routes` are the registry, which runs in control.
`agent`, `presence`, `watch`, `balancer` and `discovery` are the client of every service, which
works with a real Consul, too.

Source: Consul's documentation, "HTTP API".
"""
