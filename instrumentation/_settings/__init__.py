"""Parsers of environment variables, used by the public module ``settings``."""
