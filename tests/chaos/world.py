"""Tools that act on the world outside the product: one file that every process appends to, synced line by line."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from apps.tools.registry import Call, tool


@tool(call_class="effect")
def put(call: Call, value: int) -> int:
    """Append one line to the world's file and answer twice the value."""
    line = json.dumps({"key": call.key, "value": value, "pid": os.getpid()}) + "\n"
    descriptor = os.open(os.environ["WORLD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return value * 2


@tool(call_class="effect")
def kill_worker(call: Call) -> None:
    """Kill the worker that carries out this call."""
    os.kill(os.getpid(), signal.SIGKILL)


@tool(call_class="effect")
def wait(call: Call, value: int, seconds: float) -> int:
    """Append one line, and answer only after a while."""
    answer = put(call, value)
    time.sleep(seconds)
    return answer


@tool(call_class="effect")
def listen(call: Call, value: int) -> None:
    """Append one line, and wait for ever at a socket to which nobody writes."""
    put(call, value)
    here, _there = socket.socketpair()
    here.recv(1)


@tool(call_class="effect")
def spawn(call: Call, value: int) -> None:
    """Append one line, start a process that sleeps for ten minutes, and wait for its end."""
    put(call, value)
    child = subprocess.Popen(["sleep", "600"])
    with Path(os.environ["WORLD"]).with_name("children").open("a") as file:
        file.write(f"{child.pid}\n")
    child.wait()


@tool(call_class="effect")
def spin(call: Call, value: int) -> None:
    """Append one line, and stay for ever in a loop in C, which no signal handler and no other thread gets into."""
    put(call, value)
    sum(range(1 << 60))


@tool(call_class="effect")
def hoard(call: Call, value: int) -> None:
    """Append one line, and take memory until there is none."""
    put(call, value)
    taken = []
    while True:
        taken.append(bytearray(16 * 1024 * 1024))


@tool(call_class="effect")
def leave(call: Call, value: int) -> None:
    """Append one line, and end the process without a goodbye."""
    put(call, value)
    os._exit(3)


@tool(call_class="effect")
def eat(call: Call, value: int, megabytes: int, below: bool) -> None:
    """Append one line, and need so much memory from then on: this process, or one that it starts."""
    put(call, value)
    if below:
        subprocess.run(["python3", "-c", f"eaten = b'x' * {megabytes << 20}; import time; time.sleep(600)"], check=True)
    eaten = b"x" * (megabytes << 20)
    time.sleep(600)
    assert eaten
