"""The formats of a run: one file = one output."""
