/* What the browser itself does: the URL is the state, and a pulse says when to look again. */
(function () {
  "use strict";
  const SAVED = ["strategies", "from", "to"]; // what goes along from page to page
  const same = (a, b) => JSON.stringify(a || []) === JSON.stringify(b || []);
  const kept = (name) => window.localStorage.getItem("jutsu-" + name);
  const keep = (name, value) => window.localStorage.setItem("jutsu-" + name, value);
  const nothing = () => window.dash_clientside.no_update;
  let shownDays = null; // what the calendar was told last

  // As dashboard/formats.py says it.
  function ago(moment) {
    const minutes = (Date.now() - moment) / 60000;
    const size = Math.abs(minutes);
    if (size < 1) {
      return "just now";
    }
    const told = size < 60 ? size.toFixed(0) + " min"
      : size < 2880 ? (size / 60).toFixed(0) + " h" : (size / 1440).toFixed(0) + " days";
    return minutes > 0 ? told + " ago" : "in " + told;
  }

  // While a page stands open, the time goes on.
  setInterval(() => {
    document.querySelectorAll("time[data-moment]").forEach((each) => {
      each.textContent = ago(new Date(each.dataset.moment).getTime());
    });
  }, 30000);

  function query(params) {
    const pairs = Object.entries(params).filter(([, value]) => value);
    const text = pairs.map(([key, value]) => key + "=" + encodeURIComponent(value).replace(/%2C/g, ","));
    return text.length ? "?" + text.join("&") : "";
  }

  function changed(view, changes) {
    return query({ ...view.params, ...changes });
  }

  // Years that a click on one shows: it alone, or with the one that is shown alone all between.
  // From the address as it is now: the next click may come before the page is drawn again.
  function years(clicked) {
    const params = Object.fromEntries(new URLSearchParams(window.location.search));
    const first = (params.from || "").slice(0, 4);
    const alone = params.from === first + "-01-01" && params.to === first + "-12-31";
    const ends = [clicked, alone ? first : clicked].sort();
    return query({ ...params, from: ends[0] + "-01-01", to: ends[1] + "-12-31" });
  }

  // A navigation that the reader asked for: a new entry in the history.
  function go(href) {
    const url = new URL(href, window.location.href);
    document.body.removeAttribute("data-menu");
    if (url.pathname !== window.location.pathname) {
      window.scrollTo(0, 0);
    }
    window.dash_clientside.set_props("url", { pathname: url.pathname, search: url.search });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#menu-button, #menu-shade");
    if (button) {
      document.body.toggleAttribute("data-menu");
      const open = document.body.hasAttribute("data-menu");
      document.getElementById("menu-button").setAttribute("aria-expanded", String(open));
      return;
    }
    const link = event.target.closest("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
    if (!link || !plain || link.target || link.hasAttribute("download")) {
      return;
    }
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || url.pathname.startsWith("/api") || link.hash) {
      return;
    }
    event.preventDefault();
    go(/^\d{4}$/.test(link.dataset.year) ? url.pathname + years(link.dataset.year) : link.href);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.body.removeAttribute("data-menu");
    }
  });

  // A finger on a chart scrolls the page; only a mouse draws a range.
  const touch = window.matchMedia("(pointer: coarse)");
  new MutationObserver(() => {
    if (!touch.matches || !window.Plotly) {
      return;
    }
    document.querySelectorAll(".js-plotly-plot:not([data-still])").forEach((plot) => {
      if (plot.layout) {
        plot.setAttribute("data-still", "");
        window.Plotly.relayout(plot, { dragmode: false });
      }
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.jutsu = {
    // The page as its URL says, and the selection that is remembered where it says none.
    resolve: function (pathname, search) {
      const params = Object.fromEntries(new URLSearchParams(search || ""));
      if (params.strategies) {
        keep("strategies", params.strategies);
      } else if (kept("strategies")) {
        params.strategies = kept("strategies");
        window.history.replaceState(window.history.state, "", pathname + query(params));
      }
      return [{ path: pathname, params: params }, query(params)];
    },

    choose: function (values, effective, view) {
      if (!view || same(values, effective)) {
        return nothing();
      }
      keep("strategies", (values || []).join(","));
      return changed(view, { strategies: (values || []).join(","), page: "" });
    },

    pick: function (dates, view) {
      const [first, last] = dates || [null, null];
      if (!view || (first && !last)) {
        return nothing(); // half of a range
      }
      const now = [view.params.from || null, view.params.to || null];
      if (same([first, last], now)) {
        return nothing();
      }
      return changed(view, { from: first || "", to: last || "", page: "" });
    },

    zoom: function (relayout, view) {
      if (!view || !relayout) {
        return nothing();
      }
      const begin = relayout["xaxis.range[0]"] || (relayout["xaxis.range"] || [])[0];
      const end = relayout["xaxis.range[1]"] || (relayout["xaxis.range"] || [])[1];
      const whole = Object.keys(relayout).some((key) => /^xaxis\d*\.autorange$/.test(key));
      if (!begin && !whole) {
        return nothing();
      }
      const range = whole ? { from: "", to: "" } : { from: begin.slice(0, 10), to: end.slice(0, 10) };
      return changed(view, range);
    },

    // A point of the scatter is a variant, unless it is the parent.
    point: function (clicked, view) {
      const told = clicked && clicked.points[0].customdata;
      return told && view ? changed(view, { variant: told[0] }) : nothing();
    },

    // Only where they change: the same view again must not take away a range that is half chosen.
    dates: function (view) {
      const days = [(view && view.params.from) || null, (view && view.params.to) || null];
      if (shownDays !== null && same(days, shownDays)) {
        return nothing();
      }
      shownDays = days;
      return days;
    },

    // The theme that the browser prefers until a person chooses one.
    theme: function (clicks) {
      const preferred = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      const now = kept("theme") || preferred;
      const chosen = clicks ? (now === "dark" ? "light" : "dark") : now;
      if (clicks) {
        keep("theme", chosen);
      }
      document.documentElement.setAttribute("data-mantine-color-scheme", chosen);
      document.body.setAttribute("data-ag-theme-mode", chosen);
      return [chosen, chosen];
    },

    // Whether anything is other than when the page was drawn.
    pulse: async function (_beats, drawn) {
      let found = null;
      try {
        const answer = await fetch("/_jutsu/pulse", { cache: "no-store" });
        found = answer.ok ? await answer.json() : null;
      } catch (_error) {
        found = null;
      }
      document.body.toggleAttribute("data-away", found === null);
      return found === null || !drawn || found.mark === drawn ? nothing() : found.mark;
    },

    titled: function (view, effective) {
      const name = view.path === "/" ? "Home" : view.path.slice(1, 2).toUpperCase() + view.path.slice(2);
      document.title = [name, (effective || []).join(", "), "jutsu"].filter(Boolean).join(" · ");
      return nothing();
    },

    // Where the menu leads: every page keeps what is chosen.
    nav: function (view, hrefs) {
      const along = Object.fromEntries(SAVED.map((key) => [key, view.params[key]]));
      return [
        ...hrefs.map((path) => path + query(along)),
        ...hrefs.map((path) => (path === view.path ? "nav-item is-here" : "nav-item")),
      ];
    },
  };
})();
