"""The command: brings the stack up and down, shows it, checks it; and its stand-ins."""
