"""HTTP APIs of Prometheus, Jaeger and Alertmanager, and the data of a panel."""
