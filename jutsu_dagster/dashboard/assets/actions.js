/* What a person does: the browser sends it to the API itself, with the token that was typed. */
(function () {
  "use strict";
  const nothing = () => window.dash_clientside.no_update;
  const clicked = () => {
    const found = window.dash_clientside.callback_context.triggered[0];
    return found && found.value ? found.prop_id.split(".")[0] : null;
  };

  async function post(path, body, token) {
    return answered(
      fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: "Bearer " + token },
        body: JSON.stringify(body),
      })
    );
  }

  // While the server works: what was said before is over, and a second click would be one too many.
  async function sent(dialog, words, path, body, token) {
    const set = window.dash_clientside.set_props;
    set(dialog + "-said", { children: words });
    set(dialog + "-go", { disabled: true });
    const answer = await post(path, body, token);
    set(dialog + "-go", { disabled: false });
    return answer;
  }

  async function answered(request) {
    try {
      const answer = await request;
      const body = await answer.json().catch(() => null);
      return { ok: answer.ok, status: answer.status, body: body, at: Date.now() };
    } catch (_error) {
      return { ok: false, status: 0, body: null, at: Date.now() };
    }
  }

  function lacking(fields) {
    const names = Object.entries(fields).filter(([, value]) => !value || !String(value).trim());
    if (!names.length) {
      return null;
    }
    const detail = "Please say: " + names.map(([name]) => name).join(", ") + ".";
    return { ok: false, status: 0, body: { title: "Something is missing", detail: detail }, at: Date.now() };
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-dialog]");
    if (button && !button.disabled) {
      const asked = { ...button.dataset, at: Date.now() };
      window.dash_clientside.set_props(asked.dialog, { data: asked });
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.actions = {
    // The dialog for a decision: opened by the page, closed by the person.
    decision: function (asked, _cancelled) {
      const shut = clicked() === "decide-cancel";
      if (shut || !asked) {
        return [false, nothing(), nothing(), nothing(), nothing()];
      }
      const approve = asked.action === "approve";
      const words = approve
        ? "Writes these parameters as the strategy's next version, keeps the version before, and " +
          "retires the other variants of the same base. Everything is checked anew first."
        : "Closes the proposal for good; the variant is evaluated no more.";
      const verb = approve ? "Approve" : "Reject";
      return [true, verb + " " + asked.name, words, verb, null];
    },

    decide: async function (_clicks, asked, by, why, token) {
      if (!clicked() || !asked) {
        return nothing();
      }
      const missing = lacking({ who: by, why: why, token: token });
      if (missing) {
        return missing;
      }
      const body = { by: by, why: why, ...(asked.action === "approve" ? { hash: asked.hash } : {}) };
      const path = "/api/promotions/" + encodeURIComponent(asked.id) + "/" + asked.action;
      return sent("decide", "Checking everything anew, then writing…", path, body, token);
    },

    launching: function (opened, _cancelled, answer, effective) {
      const from = clicked();
      if (from === "launch-cancel" || (answer && answer.ok && from === "launch-answer")) {
        return [false, nothing(), nothing()];
      }
      return from === "open-launch" && opened ? [true, (effective || [])[0] || null, null] : [nothing(), nothing(), nothing()];
    },

    launch: async function (_clicks, strategy, first, last, token) {
      if (!clicked()) {
        return [nothing(), nothing()];
      }
      const missing = lacking({ strategy: strategy, "first year": first, "last year": last, token: token });
      if (missing) {
        return [missing, nothing()];
      }
      const body = { start_year: Number(first), end_year: Number(last) };
      const path = "/api/strategies/" + encodeURIComponent(strategy) + "/backtest";
      const answer = await sent("launch", "Asking Dagster…", path, body, token);
      return [answer, answer.ok ? { id: answer.body.launch_id, over: false } : nothing()];
    },

    // How far the launched backtest is, until it is over or no longer known.
    follow: async function (_beats, launch) {
      if (!launch || !launch.id) {
        return [null, true];
      }
      const found = await answered(fetch("/api/backtest/launches/" + encodeURIComponent(launch.id)));
      const over = found.ok
        ? ["completed", "failed", "canceled"].includes(found.body.status)
        : found.status === 404;
      return [found, over];
    },

    dismiss: function (clicks) {
      return clicks ? [null, null] : [nothing(), nothing()];
    },
  };
})();
