"""Log records: JSON lines with trace ids, and export over OTLP."""
