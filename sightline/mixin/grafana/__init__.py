"""Builder of Grafana dashboards: typed values that return classic JSON.

Source: ``@grafana/schema``, dashboard schema version 41. File provisioning accepts the classic
schema only and rejects schema v2.
"""
