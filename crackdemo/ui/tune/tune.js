/** The Tune tab's figures and curves: they follow the threshold in the page, without a request. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {TuneData[]} */
  let loaded = [];
  /** @type {TuneSet[]} */
  let sets = [];
  let threshold = 0.5;
  let part = "all";
  let chosen = "";
  /** What a move changes. @type {(() => void)[]} */
  let followers = [];

  const step = () => Math.round(threshold * crackdemo.counts.STEPS);

  /** @type {TunePart["load"]} */
  async function load(files, given) {
    threshold = given;
    const answers = await Promise.all((files ?? []).map(({ url }) => fetch(url)));
    loaded = await Promise.all(answers.map((answer) => answer.json()));
    count("all");
    chosen = loaded[0]?.weights ?? "";
    draw();
  }

  /** The server counts the same photos. @param {string} next part of them, or “all” */
  function count(next) {
    if (next === part) return;
    part = next;
    crackdemo.fields.write("#tune-counted textarea", part);
    recount();
  }

  /** @type {TunePart["move"]} */
  function move(given) {
    threshold = given;
    for (const follow of followers) follow();
  }

  /** @type {TunePart["choose"]} */
  function choose(weights) {
    if (weights === chosen) return;
    chosen = weights;
    draw();
  }

  /** Opens the Inspect tab with a preset, as a hand that loads it there. @type {TunePart["use"]} */
  async function use(file) {
    recount();
    if (!file) return;
    const { carrying } = crackdemo;
    const preset = await carrying.fetched(file.url, "Tune.json", "application/json");
    await carrying.into("[data-testid='Load a preset-upload-button']", [preset]);
    carrying.open("Inspect");
  }

  function draw() {
    const place = document.querySelector("#tune-plots .tune-place");
    if (!place) return;
    followers = [];
    sets = loaded.map((data) => crackdemo.counts.figures(data, part));
    const masked = sets.some((set) => set.masked > 0);
    const { element } = crackdemo;
    place.replaceChildren(
      ...(loaded.length > 0 ? [partChoice()] : []),
      ...(masked ? [table(), element("div", { class: "tune-charts" }, f1Chart(), prChart())] : []),
      ...imageParts(),
    );
    for (const follow of followers) follow();
    const own = loaded.find((data) => data.weights === chosen)?.own;
    if (own) crackdemo.fields.setOwn(own, "tune-");
  }

  function partChoice() {
    const { element } = crackdemo;
    const parts = ["all", ...new Set(loaded.flatMap((data) => data.parts))];
    const select = element("select", {
      "aria-label": "Photos that are counted",
      onchange: (/** @type {Event} */ event) => {
        count(/** @type {HTMLSelectElement} */ (event.target).value);
        draw();
      },
    });
    for (const name of parts) {
      select.append(element("option", { value: name, selected: name === part }, name));
    }
    const words =
      "What is chosen by eye on photos is too good a figure for these very photos: choose on one part, report on another.";
    return element("p", { class: "tune-part" }, "Photos: ", select, " ", words);
  }

  function table() {
    const { element } = crackdemo;
    const names = ["precision", "recall", "F1", "F1 2 px", "F1 5 px", "IoU", "mean image Dice"];
    const head = element("tr", {}, ...["", ...names].map((name) => element("th", {}, name)));
    const rows = sets.map((set) => {
      const cells = names.map(() => element("td"));
      followers.push(() => {
        const at = set.figures[step()];
        const values = [
          at.precision,
          at.recall,
          at.f1,
          at.f1Within2,
          at.f1Within5,
          at.iou,
          at.dice,
        ];
        values.forEach((value, i) => {
          cells[i].textContent = value.toFixed(3);
        });
      });
      return element("tr", {}, element("th", {}, set.weights), ...cells);
    });
    const caption = element("caption", {});
    followers.push(() => {
      const masked = sets[0]?.masked ?? 0;
      const photos = masked === 1 ? "1 photo with its mask" : `${masked} photos with masks`;
      caption.textContent = `At threshold ${threshold.toFixed(3)} alone, without opening, closing, grow or smallest crack: ${photos}`;
    });
    return element(
      "table",
      { class: "tune-figures" },
      caption,
      element("thead", {}, head),
      element("tbody", {}, ...rows),
    );
  }

  /** @param {TuneSet} set @param {(figures: SetFigures) => number} value */
  function along(set, value) {
    /** @type {[number, number][]} */
    const points = [];
    for (let i = 0; i <= crackdemo.counts.STEPS; i += 5) {
      points.push([i / crackdemo.counts.STEPS, value(set.figures[i])]);
    }
    return points;
  }

  const shown = () => sets.find((set) => set.weights === chosen) ?? sets[0];

  function f1Chart() {
    const { COLOURS } = crackdemo.charts;
    const first = shown();
    const colour = COLOURS[sets.indexOf(first)];
    const best = first.best / crackdemo.counts.STEPS;
    const chart = crackdemo.charts.lines({
      title: `F1 against the threshold (dashed: within 2 and 5 px, of ${first.weights})`,
      xLabel: "threshold",
      yLabel: "F1",
      lines: [
        ...sets.map((set, i) => ({
          name: set.weights,
          colour: COLOURS[i],
          points: along(set, (at) => at.f1),
        })),
        { name: "within 2 px", colour, dashed: true, points: along(first, (at) => at.f1Within2) },
        {
          name: "within 5 px",
          colour: "#888888",
          dashed: true,
          points: along(first, (at) => at.f1Within5),
        },
      ],
      marks: [
        { x: first.own, label: "calibrated", colour: "#666666" },
        { x: best, label: `best here (ODS) ${best.toFixed(3)}`, colour: "#999999" },
      ],
      moved: (x) => {
        const rounded = Math.round(x * crackdemo.counts.STEPS) / crackdemo.counts.STEPS;
        move(rounded);
        crackdemo.fields.write("#tune-threshold input[type=number]", rounded.toFixed(3));
      },
      released: recount,
      tell: (x) => {
        const at = Math.round(x * crackdemo.counts.STEPS);
        const values = sets.map((set) => `${set.weights} ${set.figures[at].f1.toFixed(3)}`);
        return `threshold ${(at / crackdemo.counts.STEPS).toFixed(3)}: F1 ${values.join(", ")}`;
      },
    });
    followers.push(() => chart.at(sets.map((set) => [threshold, set.figures[step()].f1])));
    return chart.root;
  }

  function prChart() {
    const { COLOURS } = crackdemo.charts;
    const chart = crackdemo.charts.lines({
      title: "Precision and recall as the threshold moves",
      xLabel: "recall",
      yLabel: "precision",
      lines: sets.map((set, i) => ({
        name: set.weights,
        colour: COLOURS[i],
        points: set.figures
          .filter((at) => at.recall > 0)
          .map((at) => /** @type {[number, number]} */ ([at.recall, at.precision])),
      })),
      tell: (x) => {
        const values = sets.map((set) => {
          const near = set.figures.reduce((a, b) =>
            Math.abs(b.recall - x) < Math.abs(a.recall - x) ? b : a,
          );
          return `${set.weights} ${near.precision.toFixed(3)}`;
        });
        return `recall ${x.toFixed(3)}: precision ${values.join(", ")}`;
      },
    });
    followers.push(() =>
      chart.at(sets.map((set) => [set.figures[step()].recall, set.figures[step()].precision])),
    );
    return chart.root;
  }

  /** ROC, scores and confusion, where photos are clean and cracked. */
  function imageParts() {
    const { element } = crackdemo;
    const { COLOURS } = crackdemo.charts;
    const both = sets.filter(
      ({ scores }) => scores.some((s) => s.cracked) && scores.some((s) => !s.cracked),
    );
    if (both.length === 0) return [];
    const curves = both.map((set) => ({ set, ...crackdemo.counts.roc(set.scores) }));
    const roc = crackdemo.charts.lines({
      title: "Photos: clean against cracked (ROC)",
      xLabel: "clean photos called cracked",
      yLabel: "cracked photos found",
      lines: curves.map(({ set, points, area }, i) => ({
        name: `${set.weights}, area ${area.toFixed(4)}`,
        colour: COLOURS[i],
        points,
      })),
    });
    const matrices = both.map((set) => {
      const found = crackdemo.counts.confusion(set.scores, set.scoreThreshold);
      const row = (/** @type {string} */ name, /** @type {number[]} */ cells) =>
        element("tr", {}, element("th", {}, name), ...cells.map((n) => element("td", {}, `${n}`)));
      const names = ["", "called clean", "called cracked"];
      const head = element("tr", {}, ...names.map((name) => element("th", {}, name)));
      return element(
        "table",
        { class: "tune-figures confusion" },
        element("caption", {}, `${set.weights}: what photos are called by their scores`),
        element("thead", {}, head),
        element(
          "tbody",
          {},
          row("clean photos", [found.sound, found.alarms]),
          row("cracked photos", [found.missed, found.right]),
        ),
      );
    });
    const bars = both.map((set) => crackdemo.charts.bars(`Scores of ${set.weights}`, set));
    return [element("div", { class: "tune-charts" }, roc.root, ...bars), ...matrices];
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  let drawing = false;

  /** Exact figures for what is set now; held arrow keys ask once. */
  function recount() {
    clearTimeout(waiting);
    waiting = setTimeout(() => document.getElementById("tune-recount")?.click(), 150);
    redraw();
  }

  /** The photo on show, where there is one, with what is set now; at most once a frame. */
  function redraw() {
    if (drawing || !document.querySelector("#tune-photo img")) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      document.getElementById("tune-redraw")?.click();
    });
  }

  /** Calls `then` with the field of a knob that an event tells of. */
  function ofKnob(/** @type {Event} */ { target }, /** @type {(field: Element) => void} */ then) {
    const knobs = ["threshold", "opening", "closing", "grow", "min-area"];
    const blocks = knobs.map((knob) => `#tune-${knob}`).join(", ");
    if (target instanceof HTMLInputElement && target.closest(blocks)) then(target);
  }

  if (typeof document !== "undefined") {
    // what cannot be has been said, and stopped, by then
    document.addEventListener("input", (event) => ofKnob(event, redraw), true);
    // at a slider's release, each arrow key, and when a field is left
    document.addEventListener(
      "change",
      (event) => ofKnob(event, (field) => field.hasAttribute("aria-invalid") || recount()),
      true,
    );
    document.addEventListener("click", (event) => {
      const { target } = event;
      if (target instanceof Element && target.closest("#tune .reset-button")) recount();
    });
  }

  crackdemo.tune = { load, move, choose, use };
})(globalThis);
