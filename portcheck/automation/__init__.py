"""What an unattended run needs: a lock, notices, a command at every change, an earlier run to hold it against."""
