"""``sightline lint``: what is wrong with dashboards and rule files, ours or anybody's.

The rules carry the names of grafana/dashboard-linter where they are the same, and close its holes;
those on rule files follow cloudflare/pint. Ours begin with ``sightline-``.
"""
