"""Run inside a namespace: writes down each TCP and UDP packet that leaves it, until its standard input ends.

One line a packet, as JSON: transport, address and port of the destination, `syn`, `data`, `bare`, `datagram` or
`fragment`, the bytes of payload. Linux hands over large TCP segments whole, before the card cuts them.
"""

from __future__ import annotations

import json
import select
import socket
import sys

ALL, OUTGOING = 3, 4  # linux/if_ether.h, linux/if_packet.h
TCP, UDP = 6, 17
SYN, ACK = 0x02, 0x10


def seen(packet: bytes) -> tuple[str, str, int | None, str, int] | None:
    """What an IPv4 packet is; None for what is neither TCP nor UDP."""
    if packet[0] >> 4 != 4 or packet[9] not in (TCP, UDP):
        return None
    header, length = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    address, body = socket.inet_ntoa(packet[16:20]), packet[header : length or None]
    if int.from_bytes(packet[6:8], "big") & 0x1FFF:
        return ("udp" if packet[9] == UDP else "tcp", address, None, "fragment", len(body))
    port = int.from_bytes(body[2:4], "big")
    if packet[9] == UDP:
        return "udp", address, port, "datagram", len(body) - 8
    payload = len(body) - (body[12] >> 4) * 4
    if body[13] & SYN and not body[13] & ACK:
        return "tcp", address, port, "syn", 0
    return "tcp", address, port, "data" if payload else "bare", payload


def main() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL)) as tap:
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([tap, sys.stdin], [], [])
            if tap in ready:
                packet, where = tap.recvfrom(65535)
                what = seen(packet) if where[2] == OUTGOING and len(packet) >= 28 else None
                if what is not None:
                    print(json.dumps(what), flush=True)
            elif not sys.stdin.readline():
                return


if __name__ == "__main__":
    main()
