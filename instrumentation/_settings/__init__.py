"""Readers of environment variables, below the public ``settings``."""
