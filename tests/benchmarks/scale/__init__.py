"""Cost of the rules and dashboards in a Prometheus with many services."""
