"""Pages: HTTP requests, templates and scripts."""
