"""Service A: the public API in front of orders and users."""
