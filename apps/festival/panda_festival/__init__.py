"""Festival programmes: what a talk and a room are, schedule files, and their import.

An application that is built on panda-web. It adds to the command (`command`) and to the worker (`worker`);
all else needs neither of them, and serves any program that has a client.
"""
