"""The pages: a request in, a template filled in."""
