"""TLS for asking: contexts, alerts, certificates."""
