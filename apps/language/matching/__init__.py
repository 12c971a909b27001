"""Which template a message asks for: `rank` scores all of them by part, `decide` says start, ask or none."""

import os

# Read when numpy is loaded, which happens after this and only where a message needs it. The matrices are small: on a busy
# machine threads that wait for each other made a message ten times slower (93 ms instead of 10), and they are no use forked.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from apps.language.matching.deciding import Decision, decide
from apps.language.matching.relevance import rank

__all__ = ["Decision", "decide", "rank"]
