"""Spans, their context and their attributes, as the OpenTelemetry API defines them."""
