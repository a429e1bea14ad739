"""The server: imports once what decisions need, then forks a child for each request.

Not multiprocessing's: its children run the parent's main module again. This process has but one
thread when it forks, a session of its own (Ctrl-C is for its parent), and ends with its parent.
"""

from __future__ import annotations

import gc
import os
import signal
import socket

import numpy as np

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.pipeline.isolation import child, frames, linux
from jutsu_dagster.pipeline.isolation.supervisor import supervise
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.kinds import KINDS

# How often to look whether the parent lives, should its end of the socket be held by others too.
_LOOK_SECONDS = 2.0
_WARM_BARS = 300


def main(descriptor: int) -> None:
    """Serve the requests that come through the socket ``descriptor`` until its other end closes.

    A request is a header (``timeout`` in seconds, ``memory_mb``) and a pickled child.Request;
    its reply a header (``ending``, ``code``, ``output``) and the child's answer, unread.
    """
    parent = os.getppid()
    # Whoever started us may have ignored or blocked what we wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    linux.adopt_orphans()
    with socket.socket(fileno=descriptor) as control:
        control.set_inheritable(False)
        warm()
        try:
            frames.send(control, {"ready": True})
            while _asked(control, parent) and _serve(control):
                pass
        except (EOFError, ConnectionError):
            return


def warm() -> None:
    """Load from the disk cache what decisions compile and import; leave no other thread."""
    for kind in KINDS.values():
        if not issubclass(kind, AllocationStrategy):
            continue
        strategy = kind()
        prices = np.linspace(50.0, 60.0, _WARM_BARS)[:, None].repeat(len(strategy.universe), 1)
        days = np.datetime64("2010-01-01", "s") + np.arange(_WARM_BARS) * np.timedelta64(1, "D")
        ones = np.ones_like(prices)
        bars = Bars(strategy.universe, days, prices, prices, prices, prices, ones, ones)
        bars.close[:3, 0] = np.nan
        strategy.decide(bars)
        # What pandas users touch first; it makes Arrow take its memory before children are bounded.
        bars.frame("close").astype(str).iloc[:2]
        bars.frame("close").pct_change(fill_method=None).rolling(5).mean().rank(axis=1)
    gc.collect()
    gc.freeze()  # children would copy every page that a collection marks


def _asked(control: socket.socket, parent: int) -> bool:
    """Wait for something to read; False if the parent is gone."""
    control.settimeout(_LOOK_SECONDS)
    while os.getppid() == parent:
        try:
            said = control.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        control.settimeout(None)
        return bool(said)
    return False


def _serve(control: socket.socket) -> bool:
    header, pickled = frames.receive(control)
    outcome = supervise(
        lambda answer: child.decide(pickled, header["memory_mb"], answer),
        control,
        header["timeout"],
    )
    if outcome.ending == "abandoned":
        return False
    said = {"ending": outcome.ending, "code": outcome.code, "output": outcome.output}
    frames.send(control, said, outcome.answer)
    return True
