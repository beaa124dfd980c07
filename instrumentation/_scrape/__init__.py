"""Content of ``/metrics``: snapshots, text formats, merging of several workers."""
