"""A whole run: its forests side by side, each with its hosts, each host with its checks."""
