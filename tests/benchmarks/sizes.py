"""How much a run measures: all of it, or enough to see that it works and where things stand roughly."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    rounds: int
    """How often ours and the others take turns; the best of each counts, because noise only ever adds."""
    steps: int
    noops: int
    starts: int
    kills: int
    waiting: tuple[int, ...]
    held_back: int
    finished: int
    peer_noops: int
    peer_starts: int
    chain: int
    """Steps of one script, one after another; bare Django-Q2 gets a fifth of it, because it looks five times a second."""
    chain_of_many: int
    patience: float
    """Seconds that a peer's killed task is waited for."""
    sockets: int
    socket_seconds: float
    times: int
    """How often a figure of milliseconds is taken; the median counts."""
    crowd: int
    crowd_seconds: float
    crowd_workers: tuple[int, ...]
    children: tuple[int, ...]
    """Of one task that starts so many and waits for them."""
    door_seconds: float


FULL = Sizes(
    rounds=2, steps=1_500, noops=1_500, starts=100, kills=4, waiting=(1_000, 100_000, 1_000_000), held_back=100_000,
    finished=1_000_000, peer_noops=500, peer_starts=20, chain=60, chain_of_many=25, patience=10.0, sockets=500,
    socket_seconds=15.0, times=30, crowd=100, crowd_seconds=0.2, crowd_workers=(1, 3, 5, 10),
    children=(1_000, 3_000, 10_000), door_seconds=10.0,
)  # fmt: skip
QUICK = Sizes(
    rounds=1, steps=150, noops=150, starts=10, kills=1, waiting=(1_000, 10_000), held_back=2_000, finished=5_000,
    peer_noops=60, peer_starts=5, chain=20, chain_of_many=5, patience=4.0, sockets=40, socket_seconds=3.0, times=5,
    crowd=20, crowd_seconds=0.2, crowd_workers=(1, 3), children=(100, 1_000), door_seconds=3.0,
)  # fmt: skip
