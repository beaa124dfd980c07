"""Load generator: random requests to the gateway at a constant average rate."""
