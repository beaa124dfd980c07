"""Log records: JSON lines with trace ids, and OTLP export."""
