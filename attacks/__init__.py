"""Attacks on the product, on loopback: `python3 build.py attack`."""
