/* How an option of the selector looks: a dot of health, the id, the name, the state. */
(function () {
  "use strict";
  const ours = (window.dashMantineFunctions = window.dashMantineFunctions || {});
  ours.strategyOption = function ({ option, checked }) {
    const React = window.React;
    const part = (name, text) => React.createElement("span", { className: name, key: name }, text);
    return React.createElement("span", { className: "option" }, [
      part("dot " + option.health, ""),
      part("option-id", option.label),
      part("option-name", option.name),
      part("option-state", option.state),
      part("option-check", checked ? "✓" : ""),
    ]);
  };

  // The grid's numbers, written as dashboard/formats.py writes them.
  const grid = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  grid.shown = function (value, kind) {
    if (value === null || value === undefined) {
      return "–";
    }
    const digits = kind === "count" ? 0 : 2;
    let text = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    if (/[1-9]/.test(text)) {
      const plus = ["change", "points", "ratio_change"].includes(kind) ? "+" : "";
      text = (value < 0 ? "−" : plus) + text;
    }
    const units = { change: " %", percent: " %", points: " pp" };
    return text + (units[kind] || "");
  };
  // What is not defined comes last, whichever way round.
  grid.byNumber = function (a, b, _one, _other, descending) {
    const missing = (x) => x === null || x === undefined;
    if (missing(a) || missing(b)) {
      const order = missing(a) - missing(b);
      return descending ? -order : order;
    }
    return a - b;
  };
  grid.byText = function (a, b) {
    return a.localeCompare(b, "en", { numeric: true });
  };
})();
