"""Source of rules, alerts, dashboards and reference pages.

`make generate` runs this package and writes `prometheus/rules/`, `grafana/dashboards/` and
`docs/reference/`. A contract test compares the committed files with its output.
"""
