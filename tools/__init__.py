"""What `build.py` does, room by room. It runs before anything is installed: standard library only."""
