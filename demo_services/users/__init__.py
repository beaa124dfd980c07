"""Service C: who the customers are."""
