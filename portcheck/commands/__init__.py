"""One file a command: flags to calls, and an exit code; no logic."""
