"""Mutation test of the rules in `prometheus/rules/production`.

Run: ``python -m tests.mutation``. It fails below the score in `__main__`.
"""
