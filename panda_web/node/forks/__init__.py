"""Forks: what is held that proves them."""
