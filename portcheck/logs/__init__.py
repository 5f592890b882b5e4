"""A whole log read for the errors that the catalogue knows: `explain --log`. It imports the catalogue alone."""
