"""Which machine a row of a profile, or a cause of an error, is about."""

DC = "dc"
TARGETS = (DC, "mim", "sync", "sql", "exchange", "adfs", "mail", "cloud")
