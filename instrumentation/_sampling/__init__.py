"""Head sampling: by ratio, by parent, by strategies of a Jaeger collector."""
