"""Forks: what is held that proves them, and what of a forked log counts."""
