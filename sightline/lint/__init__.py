"""``sightline lint``: find mistakes in dashboards and rule files.

Rules for dashboards have the names of grafana/dashboard-linter where it has the same rule; those
for rule files follow cloudflare/pint. The names of other rules begin with ``sightline-``.
"""
