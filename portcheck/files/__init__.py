"""Files that a user named: read, written whole, their links followed, their secrets kept."""
