"""Runs the shipped script in the real interpreter, type-checked against the real tools' stubs, with fakes behind them."""

import builtins
import functools
import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydantic_monty as monty

from apps.core import codec
from apps.core.errors import SCRIPT_EXCEPTIONS, ToolError
from apps.tools import data, dates, registry
from apps.tools import report as report_tools
from tests.unit.reports.company import NOW, FakeCrm

FOLDER = Path(__file__).parents[3] / "fixtures/templates/invoice_report_v2"
TEMPLATE: dict[str, Any] = json.loads((FOLDER / "template.json").read_text())
BUILTIN = {name: getattr(builtins, name) for name in SCRIPT_EXCEPTIONS}


class Desk:
    """The host's side of one run: fakes for crm, ai, knowledge and task; the real data, dates and report tools."""

    def __init__(self, crm: FakeCrm, ai: Any, *, draws: bool = False, now: datetime = NOW) -> None:
        self.files: dict[str, bytes] = {}
        self.printed: dict[str, Any] = {}
        self.progress: list[tuple[float, str, str]] = []
        self.logged: list[tuple[str, str]] = []
        self.now = now
        self.draws = draws
        self.script = (FOLDER / "script.py").read_text()
        self.modules = {
            "crm": {
                "invoices": crm.invoices,
                "clients": crm.clients,
                "services": crm.services,
                "service_months": crm.service_months,
            },
            "ai": {"complete": ai},
            "knowledge": {
                "search": lambda query, limit=8: [
                    {"title": "Dunning", "excerpt": "Remind after 14 days.", "score": 1.0, "id": 1}
                ]
            },
            "task": {
                "progress": self._progress,
                "log": self._log,
                "warn": self._warn,
                "now": lambda: self.now,
                "info": self._info,
            },
            "data": self._pure(data),
            "dates": self._pure(dates),
            "report": {"csv": self._tool(report_tools.csv), "json": self._tool(report_tools.json), "pdf": self._pdf},
        }

    def run(self, parameters: dict[str, Any]) -> Any:
        """What the script returns; MontyTypingError or MontyRuntimeError where it is wrong."""
        modules = {
            name: monty.ExternalModule(
                {key: functools.partial(self._answer, function) for key, function in tools.items()},
                stubs=registry.module(name).stub,
            )
            for name, tools in self.modules.items()
        }
        limits = monty.ResourceLimits(max_memory=TEMPLATE["memory_mb"] * 2**20, max_suspensions=TEMPLATE["max_calls"])
        with (
            monty.Monty(max_processes=1) as pool,
            pool.checkout(script_name="script.py", type_check=True, external_modules=modules, limits=limits) as session,
        ):
            session.feed_run(self.script)
            return session.feed_run("run(parameters)", inputs={"parameters": parameters}, skip_type_check=True)

    def _answer(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """As the journal does: what crosses is plain data, and errors are builtins."""
        codec.encode([list(args), kwargs])
        try:
            return codec.decode(codec.encode(function(*args, **kwargs)))
        except ToolError as error:
            raise BUILTIN[error.kind](error.message) from None

    def _pure(self, module: Any) -> dict[str, Any]:
        declared = {name: item for name, item in vars(module).items() if hasattr(item, "tool_declaration")}
        return {name: functools.partial(function, None) for name, function in declared.items()}

    def _tool(self, function: Any) -> Any:
        return functools.partial(
            function, SimpleNamespace(now=self.now, task_id=7, save_file=self._save, facts=self._facts)
        )

    def _pdf(self, *, name: str, page_template: str, data: dict[str, Any], style: str = "detailed", **more: Any) -> Any:
        self.printed = {"page_template": page_template, "data": data, "style": style}
        if self.draws:
            return self._tool(report_tools.pdf)(name=name, page_template=page_template, data=data, style=style, **more)
        return self._save(name.replace("{date}", f"{self.now:%Y-%m-%d}"), "application/pdf", b"%PDF", "pdf")

    def _save(self, name: str, content_type: str, content: bytes, kind: str = "file") -> Any:
        self.files[name] = content
        return {"name": name, "content_type": content_type, "size": len(content), "sha256": ""}

    def _progress(self, percent: float, stage: str = "", message: str = "") -> None:
        self.progress.append((percent, stage, message))

    def _log(self, message: str, level: str = "info") -> None:
        self.logged.append((message, level))

    def _warn(self, message: str) -> None:
        self.logged.append((message, "warning"))

    def _facts(self) -> dict[str, Any]:
        return self._info()

    def _info(self) -> dict[str, Any]:
        return {
            "id": 7,
            "title": "Invoice report",
            "requested_by": "Alice Example",
            "revision": "invoice_report_v2 2.1.0",
            "outputs": TEMPLATE["outputs"],
            "started_at": self.now,
        }


def rules_only(**_: Any) -> dict[str, Any]:
    """What ai.complete answers without a model."""
    nothing = {"observations": [], "risk_factors": [], "recommendations": [], "anomalies": []}
    return {"text": "Answered by fixed rules.", "data": nothing, "model": "rules", "is_model": False, "tokens": 0}


def parameters(start: str = "2025-01-01", end: str = "2025-12-31", **others: Any) -> dict[str, Any]:
    given = {
        "clientKinds": ["customer"],
        "clientFilters": ["active"],
        "includeServices": True,
        "outputFormat": "detailed",
    }
    return {"period": {"start": start, "end": end}, **given, **others}
