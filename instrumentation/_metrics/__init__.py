"""Metrics that the library counts: families, histograms, runtime, exemplars."""
