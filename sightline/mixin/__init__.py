"""Source of the rules, alerts, dashboards and reference pages that people take home.

`make generate` runs this package and writes `prometheus/rules/`, `grafana/dashboards/` and
`docs/reference/`; a contract test holds the committed files to it.
"""
