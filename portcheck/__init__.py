"""portcheck: which network path to an Active Directory forest is broken, where, and what follows from it."""

__version__ = "0.1.0"
