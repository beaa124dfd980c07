"""Stand-in for Grafana: displays `grafana/dashboards/*.json` from the HTTP APIs of its sources.

A package imports only those above it in this list, and `sightline.grafana`::

    model     settings, folder of dashboards, series, traces
    values    colors, text of values, links, times
    sources   APIs of Prometheus, Jaeger and Alertmanager; variables; data of a panel
    panels    views: pure functions from data to HTML context and figures
    pages     HTTP requests, templates, scripts

`check` and `proof` use all of them to test every panel on live data.
"""
