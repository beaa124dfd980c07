"""Isolation benchmark: tenants that share the connections of one hostile service."""
