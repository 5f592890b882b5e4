"""ldap3's bridge, and nowhere else: a session inside a connection that is verified."""
