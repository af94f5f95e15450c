"""How fast it is, beside what others have: `python3 build.py bench`. The results lie in docs/benchmarks/."""
