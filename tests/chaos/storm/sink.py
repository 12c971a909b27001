"""The world outside the product: a process that appends every effect to a file of its own, and only then acknowledges.

It knows idempotency keys (`task:index`): it answers how often it has seen this one, the first time 1.
`python -m tests.chaos.storm.sink DIRECTORY` listens on DIRECTORY/sink.sock and writes DIRECTORY/sink.jsonl.
"""

import json
import os
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

SOCKET, RECORD = "sink.sock", "sink.jsonl"


class Sink(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, directory: Path) -> None:
        super().__init__(str(directory / SOCKET), Receiver)
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._record = (directory / RECORD).open("a", buffering=1)

    def take(self, effect: dict[str, Any]) -> int:
        with self._lock:
            self._seen[effect["key"]] += 1
            times = self._seen[effect["key"]]
            self._record.write(json.dumps({**effect, "times": times, "at": time.monotonic()}) + "\n")
        return times


class Receiver(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        """A caller that dies half-way through its line has done nothing."""
        line = self.rfile.readline()
        if line.endswith(b"\n"):
            times = self.server.take(json.loads(line))
            with suppress(BrokenPipeError):  # it was killed before it heard that it is done
                self.wfile.write(b"%d\n" % times)


def put(directory: Path, **effect: Any) -> int:
    """Have the effect take place; answers how often it has by now."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(directory / SOCKET))
        caller.sendall(json.dumps({**effect, "pid": os.getpid()}).encode() + b"\n")
        return int(caller.makefile("rb").readline())


if __name__ == "__main__":
    Sink(Path(sys.argv[1])).serve_forever()
