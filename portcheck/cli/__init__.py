"""typer commands, a file each: flags to calls, exit codes; no logic."""
