"""Makes the vectors of this implementation: see `__main__`."""
