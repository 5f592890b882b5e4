"""What a run ends in as JSON, read back, and held against another."""
