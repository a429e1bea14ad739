"""A child's answer as bytes. A child runs a user's code, so what it says is read with care."""

from __future__ import annotations

import json
import re
import struct
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import JutsuError, StrategyError
from jutsu_dagster.strategies.allocation import Allocation, check_weights

LENGTH = struct.Struct(">Q")
_LONGEST_TEXT = 20_000
# Numbers, flags, times and texts: nothing whose bytes could be a pointer.
_RAW = re.compile(r"[<>|=]?[biufcmMU][0-9]+(\[[0-9A-Za-z]+\])?")
_PLAIN = (str, int, float, bool, type(None))


class UnreadableError(ValueError):
    """An answer that is no answer."""


def encode(decision: object) -> bytes:
    """Return a decision as bytes: a JSON header, then the arrays' own bytes.

    Raises
    ------
    StrategyError
        If it is no Allocation, or a diagnostic holds what bytes cannot.
    """
    if not isinstance(decision, Allocation):
        raise StrategyError(f"decided a {type(decision).__name__}; it must be an Allocation")
    arrays = {
        "codes": np.asarray(decision.codes),
        "table": np.asarray(decision.table),
        "cells": np.asarray(decision.cells),
    }
    described, pieces = [], []
    for name, values in [*arrays.items(), *decision.diagnostics.items()]:
        array = np.ascontiguousarray(values)
        entry: dict[str, Any] = {"name": name, "dtype": array.dtype.str, "shape": array.shape}
        if array.dtype.kind == "O":
            entry["values"] = array.tolist()
            if not all(isinstance(value, _PLAIN) for value in entry["values"]):
                raise StrategyError(f"the diagnostic {name!r} must hold numbers, flags or texts")
        elif _RAW.fullmatch(array.dtype.str):
            pieces.append(array.tobytes())
        else:
            raise StrategyError(f"the diagnostic {name!r} cannot be of dtype {array.dtype}")
        described.append(entry)
    return packed({"arrays": described}, *pieces)


def encode_failure(error: BaseException) -> bytes:
    """Return an exception as bytes.

    Its class, text and traceback; ``told``: whether the text says already who failed where;
    ``memory``: whether memory ran out.
    """
    return packed(
        {
            "failure": type(error).__name__,
            "told": isinstance(error, JutsuError),
            "message": str(error)[:_LONGEST_TEXT],
            "traceback": "".join(traceback.format_exception(error))[-_LONGEST_TEXT:],
            "memory": any(isinstance(each, MemoryError) for each in _chain(error)),
        }
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def packed(header: dict[str, Any], *pieces: bytes) -> bytes:
    """Return an answer: its length, its header and the bytes of its arrays."""
    said = json.dumps(header).encode()
    body = b"".join((LENGTH.pack(len(said)), said, *pieces))
    return LENGTH.pack(len(body)) + body


def decode(body: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the header and the arrays' bytes of an answer (without its length).

    Raises
    ------
    UnreadableError
        If it is not of this form.
    """
    try:
        (size,) = LENGTH.unpack_from(body)
        start = LENGTH.size + size
        header = json.loads(body[LENGTH.size : start])
    except (struct.error, ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    if not isinstance(header, dict):
        raise UnreadableError("its header is no mapping")
    return header, memoryview(body)[start:]


def allocation_in(header: dict[str, Any], raw: memoryview, name: str, bars: Bars) -> Allocation:
    """Return the decision of an answer, known to fit ``bars``.

    Parameters
    ----------
    header, raw
        As decoded.
    name : str
        How faults call the strategy.
    bars : Bars
        What it decided upon, T bars of N symbols.

    Raises
    ------
    UnreadableError
        If header and bytes do not describe arrays.
    StrategyError
        If a shape, a type or a weight breaks the contract.
    """
    try:
        arrays = list(arrays_in(header["arrays"], raw))
        (_, codes), (_, table), (_, cells) = arrays[:3]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    T, N = len(bars), len(bars.symbols)
    rows = table.shape[0] if table.ndim else 0
    _check(name, "codes", codes, (T,), np.int64)
    _check(name, "cells", cells, (T,), np.int64)
    _check(name, "table", table, (rows, N), np.float64)
    diagnostics = dict(arrays[3:])
    for key, values in diagnostics.items():
        _check(name, f"the diagnostic {key!r}", values, (T,), None)
    if T and not (codes.min() >= -1 and codes.max() < rows):
        raise StrategyError(
            f"{name}: codes lie between {codes.min()} and {codes.max()};"
            f" they must be rows of its table, 0 to {rows - 1}, or -1"
        )
    decided = np.flatnonzero(codes >= 0)
    check_weights(name, table[codes[decided]], decided, bars)
    return Allocation(codes, table, cells, diagnostics)


def arrays_in(
    described: list[dict[str, Any]], raw: memoryview
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the arrays that a header describes, by name; raise ValueError where it cannot be."""
    start = 0
    for entry in described:
        name, written, shape = str(entry["name"]), str(entry["dtype"]), tuple(entry["shape"])
        if any(not isinstance(side, int) or side < 0 for side in shape):
            raise ValueError(f"an array of shape {shape}")
        if "values" in entry:
            array = np.empty(len(entry["values"]), dtype=object)
            array[:] = [value if isinstance(value, _PLAIN) else None for value in entry["values"]]
        elif not _RAW.fullmatch(written):
            raise ValueError(f"an array of dtype {written}")
        else:
            dtype = np.dtype(written)
            count = int(np.prod(shape, dtype=object))
            # A copy: kernels take writable arrays.
            array = np.frombuffer(raw, dtype, count, start).copy()
            start += array.nbytes
        yield name, array.reshape(shape)


def _check(
    name: str, what: str, array: NDArray[Any], shape: tuple[int, ...], dtype: type | None
) -> None:
    if array.shape != shape or (dtype is not None and array.dtype != dtype):
        kind = f" of {np.dtype(dtype)}" if dtype is not None else ""
        raise StrategyError(
            f"{name}: {what} has shape {array.shape} of {array.dtype}; expected {shape}{kind}"
        )
