/** Numbers and results in words, free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const NONE = "–";

  /** @type {WordingPart["percent"]} */
  function percent(value) {
    if (value === null) return NONE;
    if (value > 0 && value < 0.01) return "< 0.01 %";
    if (value === 0 || value === 100) return `${value} %`;
    return `${value.toFixed(value < 9.995 ? 2 : 1)} %`;
  }

  /** A length in px, or in mm where the scale is known. @type {WordingPart["length"]} */
  function length(px, mmPerPx = 0) {
    if (px === null) return NONE;
    const isScaled = mmPerPx > 0;
    const value = isScaled ? px * mmPerPx : px;
    const digits = value < 99.95 ? 1 : 0;
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return `${value.toLocaleString("en-US", format)} ${isScaled ? "mm" : "px"}`;
  }

  /** @param {number} count */
  const regions = (count) => (count === 1 ? "1 region" : `${count} regions`);

  /**
   * State and result, for those who see the picture and those who do not; null until it is exact.
   *
   * @type {WordingPart["result"]}
   */
  function result(state, verdict, mmPerPx) {
    if (!state.exact || state.components === null) return null;
    const isMarked = state.components > 0;
    const name = verdict
      ? crackdemo.verdict.stateOf(verdict.crack, isMarked, state.droppedRegions > 0)
      : null;
    const count = isMarked ? regions(state.components) : "nothing";
    const where = verdict?.hasRegion ? " in the region of interest" : "";
    const share = isMarked ? ` (${percent(state.crackPercent)}${where && " of it"})` : "";
    const marked = `${capital(count)} marked${where}${share}`;
    const sentences = [name === "check" ? `${marked}, but ${doubt(state)}.` : `${marked}.`];
    if (state.droppedRegions > 0) {
      const alarms = state.droppedRegions === 1 ? "a false alarm" : "false alarms";
      sentences.push(`${capital(regions(state.droppedRegions))} dropped by hand as ${alarms}.`);
    }
    if (state.lengthPx) {
      const all = length(state.lengthPx, mmPerPx);
      const [mean, widest] = [state.meanWidthPx, state.maxWidthPx].map((px) => length(px, mmPerPx));
      sentences.push(`${all} long, ${mean} wide on average, ${widest} at most.`);
    }
    return { state: name, text: sentences.join(" ") };
  }

  /**
   * What the score says against the mask, and what to do.
   *
   * @param {Told} state
   */
  function doubt({ components, marksFrom }) {
    if (components) return "the photo's score stays below its limit";
    const says = "the photo's score says crack";
    if (marksFrom === 0) return `${says}: opening, thinning or the smallest crack drop all of it`;
    const how = marksFrom === null ? "" : ` to ${marksFrom.toFixed(2)}`;
    return `${says}: lower the threshold${how}`;
  }

  /** @param {string} text */
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  /**
   * Position, heat and how unusual it is, for the pixel under the cursor.
   *
   * @type {WordingPart["pixel"]}
   */
  function pixel(point, heat, shareBelow) {
    const place = `x ${point.x}, y ${point.y} · heat ${(heat / 65536).toFixed(3)}`;
    if (shareBelow === null) return place;
    return `${place} · more unusual than ${unusual(shareBelow)} % of clean pavement`;
  }

  /**
   * Never rounded up to 100 %: only a heat above every clean one is more unusual than all.
   *
   * @param {number} share
   */
  function unusual(share) {
    if (share >= 1) return "100";
    const digits = share >= 0.99 ? 2 : share >= 0.9 ? 1 : 0;
    return (Math.floor(100 * share * 10 ** digits) / 10 ** digits).toFixed(digits);
  }

  /**
   * A selected component's name and [title, value] pairs; measures of kept ones only.
   *
   * @type {WordingPart["selection"]}
   */
  function selection({ box, areaPx, measures, isDropped }, mmPerPx) {
    /** @param {keyof Measures} name */
    const px = (name) => length(measures?.[name] ?? null, mmPerPx);
    const width = box.right - box.left;
    const height = box.bottom - box.top;
    /** @type {[string, string][]} */
    const extent = [
      ["Area", `${areaPx.toLocaleString("en-US")} px`],
      ["Box", `${width} × ${height} px at x ${box.left}, y ${box.top}`],
    ];
    if (isDropped) return { name: "Dropped by hand", facts: extent };
    /** @type {[string, string][]} */
    const lengths = [
      ["Length", px("lengthPx")],
      ["Mean width", px("meanWidthPx")],
      ["Max width", px("maxWidthPx")],
    ];
    return { name: "Selected crack", facts: [...lengths, ...extent] };
  }

  crackdemo.wording = { percent, length, result, pixel, selection };
})(globalThis);
