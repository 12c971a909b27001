"""The press: a program of its own that reads HTML on stdin and writes a PDF on stdout.

`pdf.py` starts it with `python -I` in an empty environment, because HTML made from other people's data can ask for any
address and any amount of work. It limits itself before it reads a byte: memory, processor time, file size, no network
where the kernel allows it. It fetches nothing but small `data:` addresses. Every refusal is a line on stderr.

Exit codes: 0 a PDF was written; 3 WeasyPrint or its system libraries are missing; 4 the document could not be laid out.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

NO_LIBRARIES, NOT_LAID_OUT = 3, 4
PR_SET_PDEATHSIG, CLONE_NEWUSER, CLONE_NEWNET = 1, 0x1000_0000, 0x4000_0000


def main() -> int:
    limits = json.loads(sys.argv[1])
    confine(memory=limits["memory"], cpu_seconds=limits["cpu_seconds"])
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return NO_LIBRARIES
    try:
        document = press(sys.stdin.buffer.read().decode(), limits["data_bytes"])
    except (Exception, RecursionError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return NOT_LAID_OUT
    sys.stdout.buffer.write(document)
    sys.stdout.buffer.flush()
    return 0


def confine(*, memory: int, cpu_seconds: int) -> None:
    """Set this process's limits; die with the parent; leave the network where the kernel lets us."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The fetcher below refuses every address; an empty network namespace holds even if a library ignores it.
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def press(html: str, data_bytes: int) -> bytes:
    """The PDF of `html`. Nothing is fetched except `data:` addresses up to `data_bytes` each."""
    import weasyprint

    # An address that belongs to nobody, so that relative ones resolve to something the fetcher refuses.
    base = "refused://document/"
    document = weasyprint.HTML(string=html, base_url=base, url_fetcher=deny_all(data_bytes))
    return bytes(document.write_pdf(presentational_hints=False))


def deny_all(data_bytes: int) -> Any:
    """A WeasyPrint URL fetcher that opens nothing but `data:` addresses of at most `data_bytes` characters."""
    from weasyprint.urls import URLFetcher

    class DenyAll(URLFetcher):
        def __init__(self) -> None:
            super().__init__(timeout=1, allowed_protocols=["data"], allow_redirects=False)

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url[:5].lower() != "data:":
                return self.refuse(url, "only data: addresses are allowed")
            if len(url) > data_bytes:
                return self.refuse(url, f"longer than {data_bytes} characters")
            return super().fetch(url, headers)

        def refuse(self, url: str, reason: str) -> Any:
            print(f"refused {url[:200]}: {reason}", file=sys.stderr)  # noqa: T201
            raise ValueError(f"refused: {reason}")

    return DenyAll()


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # skips the teardown of a large tree
