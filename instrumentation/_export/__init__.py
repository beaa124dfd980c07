"""Export of spans: queue, encoding, sending, accounts."""
