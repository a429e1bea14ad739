"""A new strategy's file, drafted from the template or from another strategy's."""

from __future__ import annotations

from datetime import date
from typing import Any

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.yaml_text import YamlText


def draft_strategy_file(
    source: YamlText,
    file: str,
    strategy_id: str,
    *,
    title: str,
    strategy_class: str | None,
    paper_start: date,
) -> str:
    """Return the text of a new strategy's file: the source's, comments kept, with another id.

    Parameters
    ----------
    source : YamlText
        The file that is copied.
    file : str
        What the new file will be called.
    strategy_id, title : str
        The id, and what the head of the file says about it.
    strategy_class : str or None
        None for the source's.
    paper_start : date
        First day of the new paper account: the source's account is not continued.

    Raises
    ------
    ConfigError
        If the source is no YAML mapping, or is laid out in a way that cannot be changed.
    """
    document = source.document
    if not isinstance(document, dict):
        raise ConfigError([Fault(source.file, "", None, "must hold keys and values")])
    text = YamlText(_with_head(source, file, title), source.file)
    text = text.put("strategy_id", value=strategy_id)
    if strategy_class is not None:
        text = text.put("strategy", "name", value=strategy_class)
    folder = f"state/strategies/{strategy_id}"
    for key, path in (("file_path", f"{folder}/state.json"), ("backup_path", f"{folder}/backups/")):
        if key in _section(document, "state"):
            text = text.put("state", key, value=path)
    return text.put("paper", "start", value=paper_start).text


def class_in(text: YamlText) -> str:
    """Return the class that a strategy's file names; ``""`` where it names none."""
    document = text.document
    name = _section(document, "strategy").get("name") if isinstance(document, dict) else None
    return name if isinstance(name, str) else ""


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _with_head(source: YamlText, file: str, title: str) -> str:
    """Return the source's text with another head: the comment lines that the file begins with."""
    newline = "\r\n" if "\r\n" in source.text else "\n"
    lines = source.text.removeprefix("\ufeff").split("\n")
    first = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    # A comment cannot hold what YAML cannot, nor a line end.
    said = " ".join("".join(char if char.isprintable() else " " for char in title).split())
    head = [f"# {file}", f"# {said}", f"# Copied from {source.file}"]
    gap = [""] if first == 0 else []
    return newline.join([*head, *gap]) + newline + "\n".join(lines[first:])
