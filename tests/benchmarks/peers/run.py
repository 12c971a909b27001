"""Inside the peers' environment: `python -m tests.benchmarks.peers.run PEER VERB [N]`; see the package."""

import sys
from importlib import import_module
from time import sleep

from tests.benchmarks.peers.stamps import stamp

QUIET = 0.15
"""Seconds between two tasks whose start is timed, so that the workers are idle."""


def main() -> None:
    peer, verb, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0
    module = import_module(f"tests.benchmarks.peers.{peer}_peer")
    if verb == "prepare":
        module.prepare()
    elif verb == "serve":
        module.serve(count)
    elif verb == "one-by-one":
        for _ in range(count):
            stamp("sent")
            module.noop(1)
            sleep(QUIET)
    elif verb == "wait":
        while module.recorded() < count:
            sleep(0.02)
        stamp("recorded")
    elif verb == "chains":
        for _ in range(20):
            module.chain(count)
    else:
        getattr(module, verb)(count)


if __name__ == "__main__":
    main()
