"""The stand-in for Grafana: draws `grafana/dashboards/*.json` from the HTTP APIs they name.

It has no format of its own. Reading, asking, shaping and drawing are apart::

    dashboard, variables, interpolation   what the file says, with the reader's choices filled in
    upstream, prometheus, jaeger, alerts  what the sources answer
    frame, results, transformations       the answers as Grafana's data frames
    fields, units, colors, reducers       how a value looks
    panels/                               panel and frames → view, pure functions
    pages, web                            the views in a browser
    check                                 the same model, as a proof that every panel has data
"""
