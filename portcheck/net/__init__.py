"""The only package that does I/O: sockets, TLS, ICMP evidence, names. Every failure becomes a `NetError` here."""
