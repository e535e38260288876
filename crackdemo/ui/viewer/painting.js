/** Masks and heatmaps to the pixels of a pane, free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** What a pane's pixel shows; a selected crack is a crack. */
  const NOTHING = 0;
  const CRACK = 1;
  const SELECTED = 3;
  const DROPPED = 4;

  /** @type {PaintingPart["blankPlot"]} @returns {Plot} */
  function blankPlot(width, height) {
    const codes = new Uint8Array((width + 2) * (height + 2));
    return { width, height, pitch: width + 2, codes, spans: [] };
  }

  /**
   * Plots a layer as a viewport sees it. A run thinner than a pixel still fills one, so that no
   * crack vanishes from a small view.
   *
   * @param {Plot} plot
   * @param {Layer} layer
   * @param {Viewport} viewport in the plot's pixels
   * @param {(component: number) => boolean} isSelected
   */
  function plotLayer(plot, layer, viewport, isSelected) {
    plot.codes.fill(NOTHING);
    plot.spans.length = 0;
    plotRuns(plot, layer, layer.mask.dropped.runs, viewport, () => DROPPED);
    plotRuns(plot, layer, layer.mask.runs, viewport, (n) => (isSelected(n) ? SELECTED : CRACK));
  }

  /**
   * @param {Plot} plot
   * @param {Layer} layer
   * @param {Runs} runs
   * @param {Viewport} viewport
   * @param {(component: number) => number} codeOf
   */
  function plotRuns(plot, { left, top, step }, { rows, starts, ends, labels }, viewport, codeOf) {
    const { width, height, pitch, codes, spans } = plot;
    const scale = viewport.scale * step;
    const x0 = (left - viewport.left) * viewport.scale;
    const y0 = (top - viewport.top) * viewport.scale;
    const firstRow = Math.max(0, Math.floor(-y0 / scale) - 1);
    const lastRow = Math.min(rows.length - 1, Math.ceil((height - y0) / scale) + 1);
    for (let y = firstRow; y < lastRow; y++) {
      const [from, to] = span(y0 + y * scale, y0 + (y + 1) * scale, height);
      for (let run = rows[y]; run < rows[y + 1]; run++) {
        const [start, end] = span(x0 + starts[run] * scale, x0 + ends[run] * scale, width);
        if (start >= end) continue;
        const code = codeOf(labels[run]);
        for (let row = from; row < to; row++) {
          const origin = (row + 1) * pitch + 1;
          for (let i = origin + start; i < origin + end; i++) codes[i] = code;
          spans.push(row, start, end);
        }
      }
    }
  }

  /**
   * The whole pixels from `start` to `end`, at least one, cut off at 0 and `limit`.
   *
   * @param {number} start
   * @param {number} end
   * @param {number} limit
   */
  function span(start, end, limit) {
    const first = Math.floor(start + 0.499);
    const last = Math.max(first + 1, Math.floor(end + 0.499));
    return [Math.max(0, first), Math.min(limit, last)];
  }

  /**
   * Cracks over the photo: tinted, outlined twice as strongly and cased in white, so that they show
   * without any colour; what was dropped by hand is hatched.
   *
   * @param {Uint32Array} pixels ImageData of the plot's size
   * @param {Plot} plot
   * @param {number} opacity
   */
  function paintMarks(pixels, { width, height, pitch, codes, spans }, opacity) {
    const tints = tintsOf(opacity);
    /** @param {number} code @param {number} i */
    const casing = (code, i) => {
      if (!(code & CRACK)) pixels[i] = tints.casing;
    };
    pixels.fill(0);
    for (let n = 0; n < spans.length; n += 3) {
      const [y, start, end] = [spans[n], spans[n + 1], spans[n + 2]];
      let at = (y + 1) * pitch + 1 + start;
      let i = y * width + start;
      for (let x = start; x < end; x++, at++, i++) {
        const code = codes[at];
        if (code === DROPPED) {
          pixels[i] ||= tints.hatch[(x + y) % 6];
          continue;
        }
        const [before, after] = [codes[at - 1], codes[at + 1]];
        const [above, below] = [codes[at - pitch], codes[at + pitch]];
        const { fill, edge } = code === SELECTED ? tints.selected : tints.crack;
        pixels[i] = before & after & above & below & CRACK ? fill : edge;
        if (x > 0) casing(before, i - 1);
        if (x + 1 < width) casing(after, i + 1);
        if (y > 0) casing(above, i - width);
        if (y + 1 < height) casing(below, i + width);
      }
    }
  }

  /** @param {number} opacity */
  function tintsOf(opacity) {
    const { word, CRACK: crack, SELECTED: selected } = crackdemo.colours;
    const strong = Math.min(1, 2 * opacity);
    const casing = word([255, 255, 255], 0.9 * strong);
    const dark = word([20, 20, 20], 0.9 * strong);
    /** @param {Colour} colour */
    const tint = (colour) => ({ fill: word(colour, opacity), edge: word(colour, strong) });
    const hatch = [dark, dark, casing, casing, 0, 0];
    return { crack: tint(crack), selected: tint(selected), casing, hatch };
  }

  /**
   * The mask alone: white cracks on black, a selected one in its colour.
   *
   * @type {PaintingPart["paintMask"]}
   */
  function paintMask(pixels, { width, height, pitch, codes, spans }, photo, viewport) {
    const { word, SELECTED: chosen } = crackdemo.colours;
    const black = word([0, 0, 0]);
    const shades = new Uint32Array(5).fill(black);
    shades[CRACK] = word([255, 255, 255]);
    shades[SELECTED] = word(chosen);
    const { left, top, right, bottom } = frame({ width, height }, photo, viewport);
    pixels.fill(0);
    for (let y = top; y < bottom; y++) pixels.fill(black, y * width + left, y * width + right);
    for (let n = 0; n < spans.length; n += 3) {
      const [y, start, end] = [spans[n], spans[n + 1], spans[n + 2]];
      const from = (y + 1) * pitch + 1;
      for (let x = start; x < end; x++) pixels[y * width + x] = shades[codes[from + x]];
    }
  }

  /**
   * @param {Uint32Array} pixels ImageData of `size`
   * @param {Size} size
   * @param {{heatmap: Heatmap, step: number}} level a heatmap and its photo pixels per pixel
   * @param {Size} photo
   * @param {Viewport} viewport in the pane's pixels
   * @param {Uint32Array} ramp 256 pixels from cold to hot
   */
  function paintHeat(pixels, size, { heatmap, step }, photo, viewport, ramp) {
    const { left, top, right, bottom } = frame(size, photo, viewport);
    /**
     * @param {number} start
     * @param {number} i
     * @param {number} limit
     */
    const source = (start, i, limit) =>
      Math.min(limit - 1, Math.max(0, Math.floor((start + (i + 0.5) / viewport.scale) / step)));
    const columns = new Int32Array(size.width);
    for (let x = left; x < right; x++) columns[x] = source(viewport.left, x, heatmap.width);
    pixels.fill(0);
    for (let y = top; y < bottom; y++) {
      const row = source(viewport.top, y, heatmap.height) * heatmap.width;
      const to = y * size.width;
      for (let x = left; x < right; x++) pixels[to + x] = ramp[heatmap.data[row + columns[x]] >> 8];
    }
  }

  /**
   * Where the photo lies in a pane, in whole pixels of the pane.
   *
   * @param {Size} size
   * @param {Size} photo
   * @param {Viewport} viewport
   */
  function frame(size, photo, { scale, left, top }) {
    const [start, end] = span(-left * scale, (photo.width - left) * scale, size.width);
    const [first, last] = span(-top * scale, (photo.height - top) * scale, size.height);
    return { left: start, right: end, top: first, bottom: last };
  }

  crackdemo.painting = { blankPlot, plotLayer, paintMarks, paintMask, paintHeat };
})(globalThis);
