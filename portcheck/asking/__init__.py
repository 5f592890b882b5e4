"""One question each: checks are asked of hosts, and what was planned and seen is written down."""
