"""Set-up of telemetry for one service. Only this package creates and connects the others."""
