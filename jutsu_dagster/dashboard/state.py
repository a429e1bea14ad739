"""What a page shows, as its URL says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from jutsu_dagster.pipeline.views.asked import QuestionError

# What goes along from page to page; the rest is a page's own.
_SHARED = ("strategies", "from", "to")


@dataclass(frozen=True, slots=True)
class View:
    """A page as it is asked for.

    Attributes
    ----------
    path : str
        ``/performance``.
    params : mapping of str to str
        The query, one value a name.
    dark : bool
        Whether the dark theme is shown.
    """

    path: str = "/"
    params: Mapping[str, str] = field(default_factory=dict)
    dark: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None, theme: str | None) -> View:
        """Return the view that the browser keeps."""
        found = stored or {}
        return cls(found.get("path", "/"), found.get("params", {}), theme == "dark")

    @property
    def strategies(self) -> list[str]:
        """Ids that are asked for, each once."""
        ids = self.params.get("strategies", "").split(",")
        return list(dict.fromkeys(each for each in ids if each))

    @property
    def first(self) -> date | None:
        """First day of the range."""
        return self.day("from")

    @property
    def last(self) -> date | None:
        """Last day of the range."""
        return self.day("to")

    def day(self, name: str) -> date | None:
        """Return a parameter that is a date; None where there is none.

        Raises
        ------
        QuestionError
            If it is not a date.
        """
        text = self.params.get(name)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise QuestionError(name, f"({text}) must be a date, YYYY-MM-DD") from None

    def one_of(self, name: str, known: tuple[str, ...]) -> str:
        """Return a parameter that has few values; the first of them unless it says another."""
        found = self.params.get(name, known[0])
        return found if found in known else known[0]

    @property
    def page(self) -> int:
        """Page of a long list, from 1."""
        text = self.params.get("page", "1")
        return int(text) if text.isdigit() and int(text) > 0 else 1

    def href(self, path: str | None = None, **changes: object) -> str:
        """Return a link to a page with what is chosen kept, but for ``changes``.

        Within a page all its parameters are kept. ``from_`` stands for ``from``.
        """
        own = path is None or path == self.path
        kept = {name: self.params[name] for name in self.params if own or name in _SHARED}
        named = {name.removesuffix("_"): value for name, value in changes.items()}
        kept |= {name: "" if value is None else str(value) for name, value in named.items()}
        query = urlencode({name: value for name, value in kept.items() if value}, safe=",")
        target = self.path if path is None else path
        return f"{target}?{query}" if query else target
