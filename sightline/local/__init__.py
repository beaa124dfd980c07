"""Local stack: roles as processes of one supervisor, without Docker."""
