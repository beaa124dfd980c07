"""Builder of Grafana dashboards: typed blocks that return classic JSON.

Source: Grafana's ``@grafana/schema``, dashboard schema version 41. The classic form is the one that
Grafana's file provisioning takes; it refuses schema v2.
"""
