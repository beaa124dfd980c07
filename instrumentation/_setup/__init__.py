"""Set-up of telemetry for one service: the only wiring, and the highest package."""
