"""`portcheck serve`: what a run tells, for Prometheus and for people, over HTTP. Asks only forests of the file."""
