"""Head sampling by ratio, parent, or strategies of a Jaeger collector."""
