"""Service level objectives: reads them from YAML and writes recording rules and alerts."""
