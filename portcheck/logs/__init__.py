"""A whole log read for the errors that the catalogue knows: `explain --log`. It knows the catalogue, and no run."""
