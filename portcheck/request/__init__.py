"""The firewall change request: which paths to ask for, as the fewest rules that open nothing else."""
