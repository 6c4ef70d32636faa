# SPDX-License-Identifier: Apache-2.0
"""free_ports.py -- prints N ports of the loopback address that nobody has, one per line.

A service that is killed comes back at its port.  Meanwhile the system could give that port to any
outgoing connection, so ports come from below the range that it takes those from.
"""
import random
import socket
import sys

FIRST, LAST = 15000, 32000


def free():
    for port in random.sample(range(FIRST, LAST), LAST - FIRST):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    sys.exit("no port is free")


held = []
for _ in range(int(sys.argv[1])):
    held.append(free())
    print(held[-1].getsockname()[1])
