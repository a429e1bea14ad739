"""How the evidence page looks: readable in light and dark, on a phone and on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --page: #f4f6f9; --card: #ffffff; --ink: #1f2933;
  --faint: #5b6773; --line: #d5dae1; --good: #0a6b4d; --good-bg: #e2f3ec; --bad: #a3231f;
  --bad-bg: #fbe7e6; --note-bg: #fff4d6; --note: #6b4e00; --code: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --card: #1d232a; --ink: #e6eaef;
  --faint: #a3afbb; --line: #38424d; --good: #6fdcb4; --good-bg: #14382c; --bad: #ff9d97;
  --bad-bg: #451b1a; --note-bg: #3d3212; --note: #ffdf8a; --code: #2a323b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.45rem; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 10px; }
section, header { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin: 0 0 16px; }
p { margin: 0 0 10px; }
.faint { color: var(--faint); }
.verdict { font-size: 1.1rem; font-weight: 600; padding: 10px 14px; border-radius: 8px;
  margin: 12px 0; }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict.good { background: var(--good-bg); } .verdict.bad { background: var(--bad-bg); }
.note { background: var(--note-bg); color: var(--note); padding: 8px 14px; border-radius: 8px;
  margin: 0 0 12px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.93rem; }
th, td { text-align: left; padding: 6px 10px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--faint); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; padding-right: 18px; }
td.mark { white-space: nowrap; font-weight: 600; }
code, pre { font: 0.88rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 6px; padding: 10px 12px; margin: 0 0 10px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 0 0 14px; }
figcaption { margin-top: 4px; color: var(--faint); font-size: 0.88rem; }
svg { width: 100%; height: auto; display: block; }
table.small { width: auto; } table.small td, table.small th { padding-right: 28px; }
.numbers { font-size: 0.84rem; min-width: 620px; }
.numbers td { padding-top: 3px; padding-bottom: 3px; }
.numbers td:first-child { font-family: ui-monospace, Menlo, Consolas, monospace; }
.checks { columns: 2; list-style: none; padding: 0; margin: 0 0 14px; }
.checks li { break-inside: avoid; } .checks span { font-weight: 600; margin-right: 8px; }
ol.sources { font-size: 0.84rem; color: var(--faint); padding-left: 1.6em; }
@media (max-width: 640px) { section, header { padding: 14px 12px; }
  dl { grid-template-columns: 1fr; } dt { margin-top: 6px; } .checks { columns: 1; }
  .drawn { overflow-x: auto; } .drawn svg { min-width: 620px; }
  .gates thead { display: none; } .gates tr { display: block; padding: 8px 0;
    border-bottom: 1px solid var(--line); }
  .gates td { display: inline-block; border: 0; padding: 0 10px 2px 0; text-align: left; }
  .gates td.number { display: none; } .gates td:last-child { display: block; } }
@media print { body { background: #fff; } section, header { break-inside: avoid; } }
"""
