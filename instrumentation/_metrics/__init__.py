"""Metrics of the library: definitions, histograms, runtime metrics, exemplars."""
