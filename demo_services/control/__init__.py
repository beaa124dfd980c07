"""Alert inbox, runbooks, service registry and configuration center.

The inbox receives Alertmanager's webhook and has a page for people.
"""
