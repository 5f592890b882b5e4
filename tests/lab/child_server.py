"""A controller of a child domain, run inside a namespace of the lab on the usual ports: Samba cannot make one.

Its argument is a JSON object of the fields of `Controller`; it prints a line when it serves.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a script

from portcheck.catalogue.services import services
from portcheck.server.controller.record import FIXED, Controller
from portcheck.server.controller.serving import serving

DYNAMIC = {"rpc-dynamic-1/tcp": 49664, "rpc-dynamic-2/tcp": 49667, "rpc-dynamic-3/tcp": 49668}


def usual() -> dict[str, int]:
    split = ((name, *name.split("/")) for name in FIXED)
    return DYNAMIC | {name: services()[service].ports[transport] or 0 for name, service, transport in split}


async def main(controller: Controller) -> None:
    async with serving(controller, liked=usual()) as running:
        assert running.ports["ldap/tcp"] == services()["ldap"].ports["tcp"], running.ports
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Controller(**json.loads(sys.argv[1]))))
