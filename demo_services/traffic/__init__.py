"""Load generator: random requests to the gateway at the rate of a profile."""
