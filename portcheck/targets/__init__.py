"""Whom to ask, and what: from DNS, from the forests file, from an earlier report, and without any of those."""
