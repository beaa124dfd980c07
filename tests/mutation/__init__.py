"""Mutation test of the rules: does some story notice when a rule is changed for the worse?

Run: ``python -m tests.mutation``; it fails below the score in `__main__`.
"""
