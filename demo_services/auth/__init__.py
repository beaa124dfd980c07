"""Access tokens: issue at users, verification at every service, and the grants of OAuth 2."""
