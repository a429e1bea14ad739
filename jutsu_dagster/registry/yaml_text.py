"""Changes to YAML as people write it: the lines that are meant change, every other byte stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.faults import dotted
from jutsu_dagster.registry.yaml_file import parse_yaml
from jutsu_dagster.registry.yaml_written import block, flow, scalar

_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n")
_COMMENT_LINE = re.compile(r"([ \t]*)#[^\n]*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class YamlText:
    """One YAML document as text, cut at the places that the parser names.

    A writer of YAML would lay the whole file out anew: quotes, columns of comments, long lines.
    Each method here returns the changed text. That text is parsed again, and where it does not
    say what was meant and nothing else (aliases, uncommon layouts), ConfigError is raised.

    Attributes
    ----------
    text : str
        Line ends as in the file.
    file : str
        How faults call it.
    """

    text: str
    file: str

    @property
    def document(self) -> Any:
        """What the text says."""
        return parse_yaml(self.text, self.file)

    def put(self, *path: str, value: Any) -> YamlText:
        """Set the value at ``path``, keys from the top downwards; a missing one is added last.

        ``value`` is a scalar; where the key is missing, also a mapping or a list of scalars.
        """

        def meant(document: Any) -> None:
            for key in path[:-1]:
                document = document.setdefault(key, {})
            document[path[-1]] = value

        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        for depth, key in enumerate(path):
            children = node.value if isinstance(node, yaml.MappingNode) else []
            found = next((child for name, child in children if name.value == key), None)
            if found is None:
                whole = value
                for missing in reversed(path[depth + 1 :]):
                    whole = {missing: whole}
                return self._checked(self._with_key(node, key, whole), path, meant)
            node = found
        return self._checked(self._with_scalar(node, value), path, meant)

    def append(self, *path: str, item: str) -> YamlText:
        """Add ``item`` at the end of the list at ``path``."""
        node = self._list_at(path)
        if node.flow_style:
            text = self._in_flow(node, scalar(item))
        else:
            last = node.value[-1]
            style = last.style if isinstance(last, yaml.ScalarNode) else None
            start = last.start_mark.index
            prefix = self.text[self.text.rfind("\n", 0, start) + 1 : start]
            text = self._with_lines(self._line_after(last), [prefix + scalar(item, style)])
        return self._checked(text, path, lambda document: _at(document, path).append(item))

    def move_first(self, *path: str, item: str) -> YamlText:
        """Move ``item`` to the front of the list at ``path``, its line with what stands on it."""

        def meant(document: Any) -> None:
            order = _at(document, path)
            order.remove(item)
            order.insert(0, item)

        node, text = self._list_at(path), self.text
        spans = [(each.start_mark.index, each.end_mark.index) for each in node.value]
        at = _at(self.document, path).index(item)
        if node.flow_style:
            texts = [text[first:last] for first, last in spans]
            for (first, last), new in reversed(
                list(zip(spans, [texts[at], *texts[:at], *texts[at + 1 :]], strict=True))
            ):
                text = text[:first] + new + text[last:]
        elif at:
            top, first = (text.rfind("\n", 0, spans[place][0]) + 1 for place in (0, at))
            end = self._line_after(node.value[at])
            line, above, below = text[first:end], text[top:first], text[end:]
            if not line.endswith("\n"):  # the file's last line, without a line end
                line, above = line + self._newline, above.removesuffix(self._newline)
            text = text[:top] + line + above + below
        return self._checked(text, path, meant)

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _list_at(self, path: tuple[str, ...]) -> yaml.SequenceNode:
        node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        for key in path:
            children = node.value if isinstance(node, yaml.MappingNode) else []
            node = next((child for name, child in children if name.value == key), None)
        if not isinstance(node, yaml.SequenceNode):
            raise self._refusal(path)
        return node

    def _with_scalar(self, node: yaml.Node | None, value: Any) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            return None
        first, last = node.start_mark.index, node.end_mark.index
        blank = " " if first == last else ""  # nothing stands behind the colon yet
        return self.text[:first] + blank + scalar(value, node.style) + self.text[last:]

    def _with_key(self, node: yaml.Node | None, key: str, value: Any) -> str | None:
        if not isinstance(node, yaml.MappingNode):
            return None
        if node.flow_style:
            return self._in_flow(node, f"{scalar(key)}: {flow(value)}")
        pairs = node.value
        column = node.start_mark.column
        nested = [child for _, child in pairs if _is_block(child, yaml.MappingNode)]
        step = nested[0].start_mark.column - column if nested else 2
        lines = block(key, value, column, step)
        if isinstance(value, (Mapping, list)):
            between = [_end(pairs[-2][1]), pairs[-1][0].start_mark.index] if pairs[1:] else [0, 0]
            if not pairs[1:] or _BLANK_LINE.search(self.text, *between):
                lines = ["", *lines]
        at = max(self._line_after(each) for each in pairs[-1])
        # A comment below that is indented further belongs to what stands above it.
        while (comment := _COMMENT_LINE.match(self.text, at)) and len(comment[1]) > column:
            at = comment.end()
        return self._with_lines(at, lines)

    def _with_lines(self, at: int, lines: list[str]) -> str:
        before, after = self.text[:at], self.text[at:]
        added = self._newline.join(lines)
        if before.endswith("\n"):
            return before + added + self._newline + after
        return before + self._newline + added + after

    def _in_flow(self, node: yaml.MappingNode | yaml.SequenceNode, item: str) -> str:
        children = [part for each in node.value for part in _parts(each)]
        if not children:
            at = node.start_mark.index + 1
            return self.text[:at] + item + self.text[at:]
        at = max(_end(child) for child in children)
        return f"{self.text[:at]}, {item}{self.text[at:]}"

    def _line_after(self, node: yaml.Node) -> int:
        """Return where the line begins that follows the node's last one."""
        # A folded text ends, for the parser, where the next key begins.
        end = len(self.text[: _end(node)].rstrip())
        newline = self.text.find("\n", end)
        return len(self.text) if newline < 0 else newline + 1

    def _checked(
        self, text: str | None, path: tuple[str, ...], meant: Callable[[Any], None]
    ) -> YamlText:
        if text is None:
            raise self._refusal(path)
        changed = YamlText(text, self.file)
        wanted = _unshared(self.document)
        try:
            meant(wanted)
            said = _unshared(changed.document)
        except (ConfigError, TypeError, LookupError, ValueError, AttributeError) as error:
            raise self._refusal(path) from error
        # By their text: NaN equals itself there, and 1 is not true.
        if repr(said) != repr(wanted):
            raise self._refusal(path)
        return changed

    def _refusal(self, path: tuple[str, ...]) -> ConfigError:
        rule = "cannot be changed in the way the file is written; change it by hand"
        return ConfigError([Fault(self.file, dotted(*path), None, rule)])


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def _unshared(value: Any) -> Any:
    """Return a copy in which what was written once and referred to twice stands twice."""
    if isinstance(value, dict):
        return {key: _unshared(each) for key, each in value.items()}
    return [_unshared(each) for each in value] if isinstance(value, list) else value


def _parts(child: Any) -> tuple[yaml.Node, ...]:
    return child if isinstance(child, tuple) else (child,)


def _is_block(node: yaml.Node, kind: type[yaml.CollectionNode]) -> bool:
    return isinstance(node, kind) and not node.flow_style


def _end(node: yaml.Node) -> int:
    """Return where the node's content ends, comments and blank lines below it left out."""
    if not _is_block(node, yaml.CollectionNode):
        return int(node.end_mark.index)
    return max(_end(part) for each in node.value for part in _parts(each))
