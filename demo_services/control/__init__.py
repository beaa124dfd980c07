"""Alert inbox, runbooks and the service registry."""
