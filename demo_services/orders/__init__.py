"""Service B: orders of the shop."""
