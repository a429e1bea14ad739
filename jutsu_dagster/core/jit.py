"""The decorator of every numba kernel, with a cache that cannot go stale."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., Any])


def _cache_dir() -> Path:
    """Return a cache folder named after the sources of all kernels.

    numba's own check looks at the file of the outermost function only: a changed callee in
    another file would be silently ignored. One folder per state of ``core/`` cures that.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return root / "jutsu_dagster" / f"kernels-{digest.hexdigest()[:16]}"


if not os.environ.get("NUMBA_CACHE_DIR"):
    config.CACHE_DIR = str(_cache_dir())  # type: ignore[attr-defined]  # made up at run time


def kernel(function: F) -> F:
    """Compile ``function`` on first use, without the GIL, IEEE division, no fused arithmetic.

    ``fastmath`` stays off: compiled and plain Python must agree to the last bit.
    """
    return cast("F", numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def inlined(function: F) -> F:
    """Compile ``function`` into its callers: for small steps whose call would cost more."""
    return cast("F", numba.njit(nogil=True, error_model="numpy", inline="always")(function))
