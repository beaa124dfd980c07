"""Recording rules: queries that several dashboards and alerts share."""
