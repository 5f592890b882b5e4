"""Earlier runs, kept on this machine in SQLite. Nothing here may lose a report or hold up a check."""
