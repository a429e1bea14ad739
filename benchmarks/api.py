"""What an answer of the API costs beside a bare FastAPI route that returns the same bytes.

Both servers run at once and are asked in turns, 50 times a second, at moments that were fixed
before: a slow answer does not delay the next question, and its wait counts in full.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from api_cases import prepare

_HOST = "127.0.0.1"
_RATE = 50
_CONNECTIONS = 16
_WARM = 100
# Path, and how many times the bare route's time it may take at the 95th percentile.
CASES = (
    ("/api/performance/equity-curve?mode=backtest", 2.0),
    ("/api/variants", 3.0),
)


@dataclass(frozen=True, slots=True)
class Server:
    """One server process."""

    port: int

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        with urlopen(f"http://{_HOST}:{self.port}{path}", timeout=120) as answer:
            body: bytes = answer.read()
        return body


def main() -> None:
    """Measure both routes, and print them."""
    options = _options()
    if options.bare is not None:
        _serve_bare(int(options.bare[0]), Path(options.bare[1]))
        return
    with tempfile.TemporaryDirectory(prefix="jutsu-api-") as folder:
        home = Path(folder) / "home"
        print("preparing: 16 years of v3_5b, 1,000 variants over 20 nights", flush=True)
        prepare(home, variants=options.variants, nights=20)
        with _ours(home) as ours:
            rows = [_measured(ours, path, most, options) for path, most in CASES]
    for row in rows:
        print(
            f"{row['path']}: {row['bytes']:,} bytes; p95 {row['ours_ms']:.2f} ms against"
            f" {row['bare_ms']:.2f} ms bare, ratio {row['ratio']:.2f}"
            f" ({row['least']:.2f} to {row['greatest']:.2f}), at most {row['most']}"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    if any(row["ratio"] > row["most"] for row in rows):
        sys.exit(1)


def _measured(ours: Server, path: str, most: float, options: Any) -> dict[str, Any]:
    body = ours.get(path)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(body)
        file.flush()
        with _started([sys.executable, __file__, "--bare", "{port}", file.name], "/bare") as bare:
            sides = {"ours": (ours, path), "bare": (bare, "/bare")}
            found: dict[str, list[list[float]]] = {"ours": [], "bare": []}
            for server, asked in sides.values():
                asyncio.run(_load(server.port, asked, _WARM, len(body)))
            for number in range(options.rounds):
                for name in ("ours", "bare") if number % 2 == 0 else ("bare", "ours"):
                    server, asked = sides[name]
                    count = int(_RATE * options.seconds)
                    found[name].append(asyncio.run(_load(server.port, asked, count, len(body))))
    ratios = [
        _p95(one) / _p95(other) for one, other in zip(found["ours"], found["bare"], strict=True)
    ]
    return {
        "path": path,
        "bytes": len(body),
        "most": most,
        "ours_ms": 1e3 * statistics.median(map(_p95, found["ours"])),
        "bare_ms": 1e3 * statistics.median(map(_p95, found["bare"])),
        "ratio": statistics.median(ratios),
        "least": min(ratios),
        "greatest": max(ratios),
        "rounds": [
            {name: [_p(each, share) for share in (50, 95, 99)] for name, each in (
                ("ours", one), ("bare", other))}
            for one, other in zip(found["ours"], found["bare"], strict=True)
        ],
    }  # fmt: skip


async def _load(port: int, path: str, count: int, size: int) -> list[float]:
    """Ask ``count`` times, _RATE a second; return the seconds each took since it was due."""
    # Each in its turn: a server closes a connection that is idle for seconds.
    free: asyncio.Queue[Any] = asyncio.Queue()
    for _ in range(_CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(_HOST, port, limit=1 << 22))
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    begun = time.perf_counter() + 0.05

    async def one(number: int) -> float:
        due = begun + number / _RATE
        await asyncio.sleep(due - time.perf_counter())
        reader, writer = await free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200") or f"{size}".encode() not in head:
            sys.exit(f"api: {path} answered {head.decode()}")
        await reader.readexactly(size)
        took = time.perf_counter() - due
        free.put_nowait((reader, writer))
        return took

    found = await asyncio.gather(*(one(number) for number in range(count)))
    while not free.empty():
        _, writer = free.get_nowait()
        writer.close()
    return list(found)


def _serve_bare(port: int, file: Path) -> None:
    import uvicorn
    from fastapi import FastAPI, Response

    app, body = FastAPI(), file.read_bytes()

    @app.get("/bare")
    def bare() -> Response:
        return Response(body, media_type="application/json")

    uvicorn.run(
        app, host=_HOST, port=port, access_log=False, log_level="warning", server_header=False
    )


@contextlib.contextmanager
def _ours(home: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "jutsu_dagster.cli.serve", "{port}"]
    with _started(command, "/api/health", JUTSU_HOME=str(home)) as server:
        yield server


@contextlib.contextmanager
def _started(command: list[str], path: str, **extra: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        server = Server(int(probe.getsockname()[1]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUTSU_")}
    process = subprocess.Popen(
        [part.format(port=server.port) for part in command], env={**kept, **extra}
    )
    try:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                server.get(path)
                break
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"api: {' '.join(command)} did not start")
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait()


def _p(seconds: list[float], share: int) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[share - 1]


def _p95(seconds: list[float]) -> float:
    return _p(seconds, 95)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each side (7)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each round (10)")
    parser.add_argument("--variants", type=int, default=1000)
    parser.add_argument("--json", type=Path, help="keep every figure")
    parser.add_argument("--bare", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
