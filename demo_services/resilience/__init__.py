"""Protection against failing dependencies and too much work."""
