"""Service A: the one door, in front of orders and users."""
