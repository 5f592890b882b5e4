"""What the catalogue knows of an error, for a terminal and for programs."""
