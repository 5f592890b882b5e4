"""The KDC proxy of FreeIPA (python-kdcproxy), served over TLS; run as a program: ADDRESS PORT CERTIFICATE KEY.

Its own configuration, `$KDCPROXY_CONFIG`, says which realms it serves and where their KDCs are.
"""

from __future__ import annotations

import ssl
import sys
from wsgiref.simple_server import make_server

import kdcproxy


def serve(address: str, port: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with make_server(address, port, kdcproxy.Application()) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
