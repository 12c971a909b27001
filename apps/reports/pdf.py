"""PDF files from page templates in `templates/reports/`, laid out in a limited child process (`press.py`)."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from apps.core.errors import ChantillyError, InvalidInput, NotFound
from apps.reports import press

log = structlog.get_logger(__name__)

PRESS = Path(press.__file__)
SYSTEM_LIBRARIES = (
    "apt-get update && apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
)
STYLES = ("summary", "detailed", "executive")
TEMPLATE_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one document may cost. `data_bytes` bounds each `data:` address in it."""

    seconds: float = 90.0
    cpu_seconds: int = 80
    memory: int = 1024 * 1024 * 1024
    html_bytes: int = 16 * 1024 * 1024
    data_bytes: int = 1024 * 1024


class PdfUnavailable(ChantillyError):
    """This machine lacks the system libraries; the message says what to type."""

    code = "pdf_unavailable"


class PdfRefused(ChantillyError):
    """The document was too much: time, memory, size, or it cannot be laid out."""

    code = "pdf_refused"


def render(
    page_template: str, data: Mapping[str, Any], *, style: str = "detailed", limits: Limits | None = None
) -> bytes:
    """The PDF of `templates/reports/<page_template>.html` filled with `data`.

    The page sees `data` and `style`; every value is escaped and never read as a template or as an address to open.
    Raises NotFound (no such page), InvalidInput, PdfUnavailable or PdfRefused.
    """
    return press_html(page(page_template, data, style=style), limits or Limits())


def page(page_template: str, data: Mapping[str, Any], *, style: str = "detailed") -> str:
    """The HTML of the page, before it becomes a PDF."""
    if style not in STYLES:
        raise InvalidInput(f"style must be one of {', '.join(STYLES)}", fields={"style": f"not {style!r}"})
    if not TEMPLATE_NAME.fullmatch(page_template):
        raise InvalidInput(
            "a page template is named by small letters, digits and _", fields={"page_template": "rename"}
        )
    try:
        template = get_template(f"reports/{page_template}.html")
    except TemplateDoesNotExist:
        raise NotFound(
            f"there is no page template {page_template}; it would be templates/reports/{page_template}.html"
        ) from None
    try:
        return template.render({"data": dict(data), "style": style})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InvalidInput(f"the page template {page_template} cannot show this data: {error!r:.300}") from error


def press_html(html: str, limits: Limits) -> bytes:
    """The PDF of `html`, made in a child process that the limits hold; never raises for want of the child's memory."""
    source = html.encode("utf-8", "replace")
    if len(source) > limits.html_bytes:
        raise PdfRefused(
            f"the page has {len(source):,} bytes, more than {limits.html_bytes:,}; put the rows into a CSV file"
        )
    with tempfile.TemporaryDirectory(prefix="press-") as scratch:
        process = subprocess.Popen(
            [sys.executable, "-I", str(PRESS), json.dumps(_for_press(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=scratch,
            env=_environment(scratch),
            start_new_session=True,
        )
        try:
            document, complaints = process.communicate(source, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            raise PdfRefused(f"the page took longer than {limits.seconds:g} s to lay out; give it fewer rows") from None
        finally:
            _end(process)
    return _judge(process.returncode, document, complaints.decode("utf-8", "replace"), limits)


def is_available() -> bool:
    """Whether this machine can make PDF files (starts one press)."""
    try:
        return press_html("<p>.</p>", Limits()).startswith(b"%PDF")
    except PdfUnavailable:
        return False


def _judge(code: int, document: bytes, complaints: str, limits: Limits) -> bytes:
    for line in complaints.splitlines():
        if line.startswith("refused "):
            log.warning("pdf.address_refused", detail=line[:300])
    if code == 0 and document.startswith(b"%PDF"):
        return document
    last = (complaints.strip().splitlines() or [""])[-1][:500]
    if code == press.NO_LIBRARIES:
        raise PdfUnavailable(f"PDF is switched off on this machine; type: {SYSTEM_LIBRARIES} ({last})")
    if code == -signal.SIGXCPU or (code == -signal.SIGKILL and "MemoryError" not in complaints):
        raise PdfRefused(f"the page needed more than {limits.cpu_seconds} s of processor time; give it fewer rows")
    if "MemoryError" in complaints or code < 0:
        raise PdfRefused(f"the page needed more than {limits.memory // 2**20} MB of memory; give it fewer rows")
    raise PdfRefused(f"the page could not be laid out: {last or f'exit code {code}'}")


def _for_press(limits: Limits) -> dict[str, int]:
    return {"memory": limits.memory, "cpu_seconds": limits.cpu_seconds, "data_bytes": limits.data_bytes}


def _environment(scratch: str) -> dict[str, str]:
    """No secrets, no proxies: only what finding libraries, fonts and a temporary directory takes."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "FONTCONFIG_FILE") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "HOME": scratch, "TMPDIR": scratch}


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe and not pipe.closed:
            pipe.close()
