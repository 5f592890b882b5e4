"""A small domain controller of our own on real sockets: `demo` and the tests run on it. It can be told to misbehave."""
