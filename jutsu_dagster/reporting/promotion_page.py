"""The evidence page of a proposal: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from jutsu_dagster.reporting import promotion_plots as plots
from jutsu_dagster.reporting.lookback_plots import histogram_svg
from jutsu_dagster.reporting.promotion_style import STYLE
from jutsu_dagster.reporting.promotion_view import (
    PromotionView,
    change_rows,
    gate_rows,
    number_rows,
    rule_rows,
    shown,
    side_rows,
)

_MARKS = {True: ("good", "✓ holds"), False: ("bad", "✗ fails"), None: ("faint", "– not made")}


def promotion_html(view: PromotionView) -> str:
    """Return the page of a proposal, strict HTML, without scripts or other files."""
    parts = [
        _header(view),
        _changes(view),
        _gates(view),
        _decide(view),
        _against(view),
        _luck(view),
        _rule(view),
        _history(view),
        _numbers(view),
    ]
    title = f"{escape(view.variant_id)} for {escape(view.parent_id)}: promotion evidence"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f'<body data-strategy-id="{escape(view.parent_id)}"><main>\n'
        + "\n".join(filter(None, parts))
        + "\n</main></body></html>\n"
    )


def _header(view: PromotionView) -> str:
    passed, document = not view.failed, view.document
    kind, sign = ("good", "✓") if passed else ("bad", "✗")
    window = document["window"]
    synthetic = (
        '<p class="note"><strong>Synthetic market.</strong> These prices are made up: the numbers'
        " show how the machinery works, not what a strategy earns.</p>"
        if view.synthetic
        else ""
    )
    facts = [
        ("Strategy", view.parent_id),
        ("Variant", view.variant_id),
        ("Symbol of record", view.symbol),
        ("Night", view.partition.isoformat()),
        ("Status", view.status.replace("_", " ")),
        ("Can be approved until", f"{view.expires_on.isoformat()} (UTC)"),
        ("Out of sample", f"{window['first']} to {window['last']}, {window['days']} days"),
        ("Hash of this evidence", view.proposal_hash),
        ("Market data", ", ".join(document["data_versions"]) or "–"),
        ("Code", document["code_version"]),
        ("Written for", document["generated_at"]),
    ]
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return (
        f"<header><h1>{escape(view.variant_id)} as the next version of"
        f' {escape(view.parent_id)}</h1><p class="faint">Promotion evidence. Paper trading only:'
        " nothing here can place an order.</p>"
        f'<p class="verdict {kind}">{sign} {escape(view.verdict)}</p>{synthetic}'
        f"<dl>{terms}</dl></header>"
    )


def _changes(view: PromotionView) -> str:
    rows = change_rows(view)
    table = _table(("Parameter", "Now", "Proposed"), rows, numbers=(1, 2), kind="small")
    mutations = ", ".join(f"{name} = {shown(v, 10)}" for name, v in
                          view.document["mutations"].items())  # fmt: skip
    note = f'<p class="faint">Mutation: <code>{escape(mutations)}</code></p>'
    return _section("What changes", note + table)


def _gates(view: PromotionView) -> str:
    rows = [
        f"<tr>{_mark(passed)}<td>{escape(title)}</td>"
        f'<td class="number">{escape(value)}</td><td class="number">{escape(limit)}</td>'
        f"<td>{escape(why)}</td></tr>"
        for passed, title, value, limit, why in gate_rows(view)
    ]
    head = (
        '<thead><tr><th></th><th>Gate</th><th class="number">Found</th>'
        '<th class="number">Threshold</th><th>Why</th></tr></thead>'
    )
    words = '<p class="faint">A proposal opens only if every gate holds.</p>'
    table = f'<table class="gates">{head}<tbody>{"".join(rows)}</tbody></table>'
    return _section("Gates", f'{words}<div class="wide">{table}</div>')


def _against(view: PromotionView) -> str:
    curves = view.document["curves"]
    if not curves["days"]:
        return ""
    how = "reinvested" if view.compound else "of equal stakes, added up"
    picture = plots.against_svg(
        np.array(curves["days"], dtype="datetime64[D]"),
        np.array(curves["variant"], dtype=np.float64),
        np.array(curves["control"], dtype=np.float64),
        f"{view.variant_id} and its parent's control",
        compound=view.compound,
    )
    words = f"Daily net results, {how}, over identical bars with the same costs."
    return _section("Against the parent", _figure(picture, words))


def _luck(view: PromotionView) -> str:
    found, pictures = view.evidence, []
    fit, superior = found.get("overfitting"), found.get("superior")
    if fit:
        picture = histogram_svg(
            fit["logits"]["edges"], fit["logits"]["counts"],
            "Where the in-sample best ends out of sample",
            "logit of its rank out of sample; below 0, in red, it is worse than the median",
        )  # fmt: skip
        pictures.append(_figure(picture, (
            f"Probability of backtest overfitting {shown(fit['pbo'])}: {fit['splits']:,} splits of"
            f" S = {fit['blocks']} blocks over T = {fit['days']} days, {fit['strategies']}"
            f" parameter sets, the oldest {fit['dropped']} days dropped."
        )))  # fmt: skip
    if superior:
        picture = plots.stepm_svg(
            superior["statistics"], superior["critical"], superior["superior"],
            found["variant"], "StepM: who beats the parent",
        )  # fmt: skip
        pictures.append(_figure(picture, (
            f"Family-wise error {superior['size']:g}; Hansen's p that no variant beats the parent:"
            f" {shown(superior['p_consistent'])}."
        )))  # fmt: skip
    if found["neighbours"]:
        floors = [each["threshold"] for each in view.gates if each["name"] == "plateau"]
        picture = plots.kept_svg(
            found["neighbours"], floors[0] if floors else None, "What one-step neighbours keep"
        )
        left_out = found.get("neighbours_left_out") or []
        more = f" Not computed: {', '.join(map(str, left_out))}." if left_out else ""
        pictures.append(_figure(picture, f"Share of the edge over the parent's control.{more}"))
    return _section("Was it luck?", "".join(pictures)) if pictures else ""


def _rule(view: PromotionView) -> str:
    items = [
        f'<li><span class="{_MARKS[holds][0]}">{_MARKS[holds][1]}</span>{escape(title)}</li>'
        for holds, title in rule_rows(view)
    ]
    recommended = escape(view.document["candidate"]["recommendation"])
    words = f'<p class="faint">The rule recommends: {recommended}.</p>'
    both = _table(("", "Variant", "Parent's control"), side_rows(view), (1, 2), "small")
    return _section("The promotion rule", f'{words}<ul class="checks">{"".join(items)}</ul>{both}')


def _numbers(view: PromotionView) -> str:
    rows = number_rows(view)
    sources = list(dict.fromkeys(source for *_, source in rows))
    cells = [(name, value, f"{words} [{sources.index(source) + 1}]")
             for name, value, words, source in rows]  # fmt: skip
    table = _table(
        ("Number", "Value", "Definition, and where it comes from"), cells, (1,), "numbers"
    )
    listed = "".join(f"<li>{escape(source)}</li>" for source in sources)
    return _section("Every number", f'{table}<ol class="sources">{listed}</ol>')


def _decide(view: PromotionView) -> str:
    if view.status != "open":
        return ""
    return _section(
        "To decide",
        "<p>Approving writes these parameters as the strategy's next version in its file under"
        " <code>config/strategies/</code>, keeps the version before, and retires the other"
        " variants of the same base. Everything is checked anew first.</p>"
        f"<pre>{escape(view.approve_command)}</pre><pre>{escape(view.reject_command)}</pre>",
    )


def _history(view: PromotionView) -> str:
    rows = [(one.at, one.event.replace("_", " "), one.who, one.why) for one in view.history]
    return _section("What happened", _table(("When (UTC)", "What", "Who", "Why"), rows))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _figure(picture: str, words: str) -> str:
    caption = f"<figcaption>{escape(words)}</figcaption>"
    return f'<figure><div class="drawn">{picture}</div>{caption}</figure>'


def _mark(holds: bool | None) -> str:  # noqa: FBT001  (the one thing it shows)
    kind, words = _MARKS[holds]
    return f'<td class="mark {kind}">{words}</td>'


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (), kind: str = ""
) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [' class="number"' if at in numbers else "" for at in range(len(row))]
        pairs = zip(kinds, row, strict=True)
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in pairs)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{cells("th", head)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
