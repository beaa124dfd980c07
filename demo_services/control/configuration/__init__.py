"""Configuration center: documents that running services take over without a restart."""
