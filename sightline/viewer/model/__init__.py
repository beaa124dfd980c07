"""Data and settings of the viewer. Imports no other package of it."""
