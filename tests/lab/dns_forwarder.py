"""A name server that misbehaves in one way, run inside the client's namespace: a resolver of the lab's own.

Its argument is JSON: `address` to listen on, `zones` (a zone to the server that has it; of others it says NXDOMAIN),
and what it does by record type or to all (`*`): `drop`, `delay_s`, `rcode`, `empty` (NODATA). `alike`: one address for
every A question; `zones_alike`: within these zones. `strip`: answers lose their addresses. `names` does the same to
names that begin so (`bravo.test.` is that name alone), and may give `records` of its own. `cut`: answers over UDP are
truncated, and over TCP nobody answers.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Options = dict[str, Any]
PATIENCE_S = 4.0


def by_type(options: Options, key: str, record: str) -> Any:
    told = options.get(key, {})
    return told.get(record, told.get("*"))


def habits_of(name: str, options: Options) -> Options:
    """What it does with this name: what it does in general, unless it has habits of its own."""
    own = (habits for start, habits in options.get("names", {}).items() if f"{name.lower()}.".startswith(start))
    return {**options, **next(own, {})}


async def answer(wire: bytes, options: Options) -> bytes | None:
    query = dns.message.from_wire(wire)
    record, name = dns.rdatatype.to_text(query.question[0].rdtype), query.question[0].name.to_text(True)
    options = habits_of(name, options)
    if delay := by_type(options, "delay_s", record):
        await asyncio.sleep(delay)
    if by_type(options, "drop", record):
        return None
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    if rcode := by_type(options, "rcode", record):
        reply.set_rcode(dns.rcode.from_text(rcode))
    elif by_type(options, "empty", record):
        pass
    elif "records" in options:
        for text in options["records"].get(record, ()):
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", record, text))
    elif "alike" in options:
        if record == "A":
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", options["alike"]))
    elif zone := next((zone for zone in options.get("zones_alike", {}) if name.lower().endswith(zone)), None):
        if record == "A":
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "A", options["zones_alike"][zone]))
    else:
        return await forwarded(query, name, options)
    return reply.to_wire()


async def forwarded(query: Any, name: str, options: Options) -> bytes | None:
    server = next((at for zone, at in options["zones"].items() if name.lower().endswith(zone)), None)
    if server is None:
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply.to_wire()
    try:
        reply = await dns.asyncquery.udp(query, server, PATIENCE_S, ignore_unexpected=True)
    except (dns.exception.DNSException, OSError):
        return None
    reply.flags &= ~dns.flags.AA  # as a forwarder does
    if options.get("strip"):
        reply.answer = [rows for rows in reply.answer if rows.rdtype not in (dns.rdatatype.A, dns.rdatatype.AAAA)]
        reply.additional = []
    return reply.to_wire()


def cut_short(wire: bytes) -> bytes:
    reply = dns.message.from_wire(wire)
    reply.answer, reply.additional = [], []
    reply.flags |= dns.flags.TC
    return reply.to_wire()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, options: Options) -> None:
        self.options, self.running = options, set[asyncio.Task[None]]()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, where: Any) -> None:
        task = asyncio.create_task(self.serve(data, where))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def serve(self, data: bytes, where: Any) -> None:
        if (told := await answer(data, self.options)) is not None:
            self.transport.sendto(cut_short(told) if self.options.get("cut") else told, where)


async def main(options: Options) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            told = await answer(await reader.readexactly(length), options)
            if told is not None and not options.get("cut"):
                writer.write(len(told).to_bytes(2, "big") + told)
                await writer.drain()
            await reader.read()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    where = (options["address"], 53)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: Datagrams(options), local_addr=where)
    server = await asyncio.start_server(converse, *where)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
