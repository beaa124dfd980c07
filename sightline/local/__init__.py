"""The stack without Docker: roles as processes, kept by one small supervising process."""
