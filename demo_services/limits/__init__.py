"""Rate limits: four algorithms, limiters per key in this process and shared in Redis."""
