"""How long after its start a program sends its first packet. Run inside a namespace, with the command as arguments.

Standard library only: it is run as a script. Prints the seconds from before the fork to the frame on the wire.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL, PACKET_OUTGOING = 3, 4
IPV4, IPV6 = 0x0800, 0x86DD
NEIGHBOUR_DISCOVERY = range(130, 138)  # and the listener reports that an interface sends on its own
PATIENCE_S = 30


def main() -> int:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as wire:
        wire.bind(("eth0", 0))
        wire.settimeout(PATIENCE_S)
        began = time.monotonic()
        with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
            try:
                wait_for_packet(wire)
                sys.stdout.write(f"{time.monotonic() - began:.4f}\n")
            finally:
                program.kill()
    return 0


def wait_for_packet(wire: socket.socket) -> None:
    while True:
        frame, where = wire.recvfrom(65535)
        if where[2] == PACKET_OUTGOING and of_a_program(frame):
            return


def of_a_program(frame: bytes) -> bool:
    """An IP packet that the kernel does not send by itself."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind != IPV6:
        return kind == IPV4
    icmp = frame[20] == socket.IPPROTO_ICMPV6
    return not (frame[20] == 0 or (icmp and frame[54] in NEIGHBOUR_DISCOVERY))


if __name__ == "__main__":
    sys.exit(main())
