"""Requests to the gateway, as a crowd sends them: at random, whether or not the shop keeps up."""
