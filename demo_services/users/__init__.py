"""Service C: users of the shop."""
