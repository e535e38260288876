/**
 * Glue between the page's widgets and the viewer. Python calls `crackdemo.page.*` from its events;
 * what a hand changes in the viewer is written back into the widgets.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  const viewer = crackdemo.viewer;

  /**
   * What `page_data` in Python says of the photo on show, and of the one that is on its way.
   *
   * @type {PhotoMeta | null}
   */
  let shown = null;
  /** @type {PhotoMeta | null} */
  let coming = null;
  /**
   * False alarms dropped by hand, as pixels [x, y] by photo; the widget #dropped keeps them.
   *
   * @type {{ [photo: string]: number[][] }}
   */
  let dropped = {};
  let mmPerPx = 0;

  /** The viewer moves in as soon as gradio has drawn its place, and again if it redraws it. */
  function mount() {
    const place = document.querySelector("#viewer .viewer-place");
    if (place) viewer.mount(place);
  }

  /** @type {PagePart["show"]} */
  function show(files, meta, droppedText, settings) {
    mount();
    set(settings);
    dropped = JSON.parse(droppedText || "{}");
    coming = meta;
    if (!meta) {
      viewer.clear();
      forget("");
      return;
    }
    const [photo, reconstruction, heatmap, region] = files.map((file) => file.url);
    viewer
      .show({
        id: meta.id,
        photoUrl: photo,
        reconstructionUrl: reconstruction,
        heatmapUrl: heatmap,
        regionUrl: region ?? null,
        kernels: crackdemo.kernels,
        cleanQuantiles: meta.cleanQuantiles,
        dropped: droppedOn(meta).map(([x, y]) => ({ x, y })),
        verdict: { crack: meta.crack },
      })
      .catch(() => coming === meta && forget(`${meta.name} could not be shown.`));
  }

  /**
   * By a photo's content. Older presets know a photo by its name alone: what they say belongs to
   * the first of that name that is shown, and to no other one afterwards.
   *
   * @param {PhotoMeta} meta
   */
  function droppedOn({ sha256, name }) {
    if (name in dropped) {
      const { [name]: byName, ...others } = dropped;
      dropped = { [sha256]: byName, ...others };
      write("#dropped textarea", JSON.stringify(dropped));
    }
    return dropped[sha256] ?? [];
  }

  /** The viewer itself says what went wrong, and offers to try again. @param {string} text */
  function forget(text) {
    shown = null;
    say(text);
  }

  /** @type {PagePart["set"]} */
  function set(settings) {
    change();
    const entries = Object.entries(settings).map(([name, value]) => [name, value ?? 0]);
    const filled = /** @type {Settings} */ (Object.fromEntries(entries));
    mmPerPx = filled.mm_per_px;
    viewer.set({ ...filled, min_area: Math.round(filled.min_area) });
  }

  /** @param {State} state of the photo on show, which the viewer keeps until the next is there */
  function tell(state) {
    if (coming && state.id === coming.id) shown = coming;
    if (!shown || state.id !== shown.id) return;
    const { name, crack, score, scoreThreshold, hasRegion } = shown;
    const text = crackdemo.wording.result(state, { crack }, mmPerPx);
    if (!text) return;
    const where = hasRegion ? " in the region of interest" : "";
    const detail = `score ${score.toFixed(3)}${where}, called cracked from ${scoreThreshold.toFixed(3)}`;
    say(`${name}: ${text}`, detail, crack);
  }

  /**
   * @param {string} text
   * @param {string} [detail]
   * @param {boolean | null} [crack]
   */
  function say(text, detail = "", crack = null) {
    const place = document.querySelector("#verdict .verdict-place");
    if (!place) return;
    const { element } = crackdemo;
    place.className = `verdict-place ${crack === null ? "" : crack ? "crack" : "sound"}`;
    place.replaceChildren(
      ...(text ? [element("strong", {}, text), element("span", {}, detail)] : []),
    );
  }

  /** Counts what makes downloads old: something else is shown than they hold. */
  let changes = 0;
  let changesAtBegin = -1;

  function change() {
    changes++;
    document.body.dataset.downloads = "old";
  }

  function beginDownloads() {
    change();
    changesAtBegin = changes;
  }

  function endDownloads() {
    if (changes === changesAtBegin) document.body.dataset.downloads = "new";
  }

  /** After a lost connection: scoring goes on, and what the server has on show is shown. */
  function resume() {
    document.getElementById("resume")?.click();
  }

  /** Scoring begins anew with what is missing, the photo that was chosen first. */
  function goOn() {
    document.getElementById("go-on")?.click();
  }

  /**
   * Writes into a gradio widget as a hand would.
   *
   * @param {string} selector
   * @param {string} value
   */
  function write(selector, value) {
    /** @type {HTMLInputElement | HTMLTextAreaElement | null} */
    const field = document.querySelector(selector);
    if (!field || field.value === value) return;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  viewer.onstate(tell);
  viewer.onchange((changed) => {
    change();
    if ("threshold" in changed)
      write("#threshold input[type=number]", changed.threshold.toFixed(3));
    if ("dropped" in changed && shown) {
      dropped = { ...dropped, [shown.sha256]: changed.dropped.map(({ x, y }) => [x, y]) };
      write("#dropped textarea", JSON.stringify(dropped));
    }
  });

  /** Pasted pictures go where dropped ones go. */
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((f) =>
      f.type.startsWith("image/"),
    );
    /** @type {HTMLInputElement | null} */
    const input = document.querySelector("#photos input[type=file]");
    if (files.length === 0 || !input) return;
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  new MutationObserver(mount).observe(document, { childList: true, subtree: true });
  crackdemo.page = { show, set, beginDownloads, endDownloads, resume, goOn };
})(globalThis);
