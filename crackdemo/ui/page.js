/**
 * Glue between the page's widgets and the viewer. Python calls `crackdemo.page.*` from its events;
 * what a hand changes in the viewer is written back into the widgets.
 */
(function install(scope) {
  "use strict";
  const crackdemo = (scope.crackdemo ??= {});
  const viewer = crackdemo.viewer;

  let verdict = null;
  let mmPerPx = null;

  /** The viewer moves in as soon as gradio has drawn its place, and again if it redraws it. */
  function mount() {
    const place = document.querySelector("#viewer .viewer-place");
    if (place) viewer.mount(place);
  }

  /** @param files FileData of photo, reconstruction, heatmap and, where there is one, region */
  function show(files, meta) {
    mount();
    if (!files || !meta) {
      verdict = null;
      viewer.clear();
      say("Drop photos to begin, or try an example.");
      return;
    }
    const [photo, reconstruction, heatmap, region] = files.map((file) => file.url);
    verdict = meta;
    viewer
      .show({
        id: meta.id,
        photoUrl: photo,
        reconstructionUrl: reconstruction,
        heatmapUrl: heatmap,
        regionUrl: region ?? null,
        kernels: crackdemo.kernels,
        cleanQuantiles: meta.cleanQuantiles,
        dropped: meta.dropped,
        verdict: { crack: meta.crack },
      })
      .catch(() => {}); // the viewer itself says what went wrong
  }

  function set(threshold, opening, closing, kernel, minArea, opacity, colours, scale) {
    mmPerPx = scale || null;
    viewer.set({
      threshold, opening: Number(opening), closing: Number(closing), kernel,
      minArea: Math.max(0, Math.round(minArea || 0)), opacity, colours, mmPerPx,
    });
  }

  function tell(state) {
    if (!verdict || state.id !== verdict.id) return;
    const text = crackdemo.wording.result(state, { crack: verdict.crack }, mmPerPx);
    if (!text) return;
    const score = `score ${verdict.score.toFixed(3)}, called cracked from ${verdict.scoreThreshold.toFixed(3)}`;
    say(`${verdict.name}: ${text}`, score, verdict.crack);
  }

  function say(text, detail = "", crack = null) {
    const place = document.querySelector("#verdict .verdict-place");
    if (!place) return;
    const sentence = document.createElement("strong");
    sentence.textContent = text;
    const more = document.createElement("span");
    more.textContent = detail;
    place.className = `verdict-place ${crack === null ? "" : crack ? "crack" : "sound"}`;
    place.replaceChildren(sentence, more);
  }

  /** Writes into a gradio widget as a hand would. */
  function write(selector, value) {
    const field = document.querySelector(selector);
    if (!field || field.value === String(value)) return;
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  viewer.onstate(tell);
  viewer.onchange((change) => {
    if ("threshold" in change) write("#threshold input[type=number]", change.threshold.toFixed(3));
    if ("dropped" in change) {
      write("#dropped textarea", JSON.stringify({ id: verdict?.id, points: change.dropped }));
    }
  });

  /** Pasted pictures go where dropped ones go. */
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((f) => f.type.startsWith("image/"));
    const input = document.querySelector("#photos input[type=file]");
    if (files.length === 0 || !input) return;
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  new MutationObserver(mount).observe(document, { childList: true, subtree: true });
  crackdemo.page = { show, set };
})(globalThis);
