"""Service B: who bought what."""
