"""Service level objectives: read from a few lines of YAML, written as recording rules."""
