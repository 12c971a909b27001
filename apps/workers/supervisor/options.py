"""What the operator chose on the command line."""

import json
from dataclasses import asdict, dataclass

SQLITE_WORKERS = 4
ASKED = "asked"
"""The file in the home directory that says: a request has been shown from start to end."""


@dataclass(frozen=True, kw_only=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    web: bool = True
    cluster: bool = True
    chat: bool = True
    """Beside the web server: what answers in chats."""
    stop_seconds: float = 10.0
    log_files: bool = False
    ask: str = ""
    name: str = ""
    """Of the cluster; empty: a word made from host and home."""

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Options":
        return cls(**json.loads(text))

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.host in {"", "0.0.0.0", "::"} else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
