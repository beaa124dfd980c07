"""Recording rules: what dashboards and alerts ask again and again."""
