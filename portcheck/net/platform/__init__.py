"""What differs between systems: the only package that asks which one this is."""
