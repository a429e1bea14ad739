"""Reading YAML as written by people: no duplicate keys, no surprises, faults with their line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from jutsu_dagster.core.errors import ConfigError, Fault


class _FileLoader(yaml.SafeLoader):
    """SafeLoader that refuses what it would silently change: repeated keys, keys not text."""


def _mapping(loader: _FileLoader, node: yaml.MappingNode) -> dict[str, Any]:
    seen: dict[str, int] = {}
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        mark = key_node.start_mark
        if not isinstance(key, str):
            raise _problem(f"the key {key_node.value} must be text; put quotes around it", mark)
        if key in seen:
            raise _problem(f"the key {key!r} is already on line {seen[key]}", mark)
        seen[key] = mark.line + 1
    # deep: a structure that contains itself is refused instead of built.
    return {str(key): value for key, value in loader.construct_mapping(node, deep=True).items()}


def _sequence(loader: _FileLoader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


def _text(loader: _FileLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise _problem("half of a character (a lone surrogate)", node.start_mark)
    return text


def _checked(tag: str) -> Callable[[_FileLoader, yaml.ScalarNode], Any]:
    """Return the constructor of ``tag``, whose plain ValueErrors get the place where they rose."""
    build = yaml.SafeLoader.yaml_constructors[tag]

    def construct(loader: _FileLoader, node: yaml.ScalarNode) -> Any:
        try:
            return build(loader, node)
        # Any of these for a date like 2024-13-45, `0b` or `!!int x`.
        except (ValueError, OverflowError, LookupError, AttributeError) as error:
            kind = tag.rpartition(":")[2]
            raise _problem(f"{node.value[:40]!r} is no {kind}", node.start_mark) from error

    return construct


def _problem(text: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, text, mark)


_FileLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
_FileLoader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_FileLoader.add_constructor("tag:yaml.org,2002:str", _text)
for _tag in ("int", "float", "bool", "timestamp"):
    _FileLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _checked(f"tag:yaml.org,2002:{_tag}"))


def parse_yaml(text: str, file: str) -> Any:
    """Return what the YAML ``text`` says.

    Parameters
    ----------
    text : str
        One YAML document.
    file : str
        How faults call it.

    Raises
    ------
    ConfigError
        With line and column, if it is not YAML, or repeats a key.
    """
    try:
        # _FileLoader is a SafeLoader: it builds plain data only.
        return yaml.load(text, Loader=_FileLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = ", ".join(filter(None, (error.context, error.problem))) or "unreadable"
        raise ConfigError([Fault(file, place, None, f"is not valid YAML: {problem}")]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        rule = f"is not valid YAML: character #x{error.character:04x} is not allowed"
        raise ConfigError([Fault(file, f"line {line}", None, rule)]) from error
    except RecursionError as error:
        raise ConfigError([Fault(file, "", None, "is nested too deeply")]) from error


def read_text(path: Path, file: str) -> str:
    """Return the text of ``path``, line ends as they are; faults call it ``file``.

    Raises
    ------
    ConfigError
        If the file is missing, unreadable, or not UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError as error:
        raise ConfigError([Fault(file, "", None, "is missing")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(file, "", None, "is not UTF-8 text")]) from error
    # ValueError: a path with a NUL byte in it.
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError([Fault(file, "", None, f"cannot be read: {reason}")]) from error


def read_mapping(path: Path, file: str, drafts: Mapping[Path, str] | None = None) -> dict[str, Any]:
    """Return the mapping that the YAML file ``path`` holds; faults call it ``file``.

    Parameters
    ----------
    path : Path
    file : str
    drafts : mapping of path to text, optional
        What files would say: a path in it is not read.

    Raises
    ------
    ConfigError
        If the file is missing, unreadable, no valid YAML, or no mapping of keys to values.
    """
    draft = drafts.get(path) if drafts else None
    document = parse_yaml(read_text(path, file) if draft is None else draft, file)
    if not isinstance(document, dict):
        found = "is empty" if document is None else "is no mapping"
        raise ConfigError([Fault(file, "", None, f"{found}; it must hold keys and values")])
    return document
