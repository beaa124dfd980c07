"""Export of spans: queue, encoding, sending, statistics."""
