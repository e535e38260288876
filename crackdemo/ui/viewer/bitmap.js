/**
 * Bit-packed bitmaps and their morphology, free of the DOM.
 *
 * One bit is one pixel, 32 pixels are a word, every row starts a new word. Bit 0 of a row's first
 * word is its leftmost pixel; the bits right of the last pixel are always 0.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  (crackdemo.workerParts ??= []).push(install);

  /**
   * @param {number} width
   * @param {number} height
   * @returns {Bitmap} all 0
   */
  function blank(width, height) {
    const stride = (width + 31) >>> 5;
    return { width, height, stride, words: new Int32Array(stride * height) };
  }

  /** The bits of a row's last word that are pixels. @param {number} width */
  function tailOf(width) {
    return (-1 >>> (-width & 31)) | 0;
  }

  /**
   * The highest heat of every word's pixels: most words of a photo can then be cut at one look.
   *
   * @param {Heatmap} heatmap
   * @returns {Uint16Array}
   */
  function peaksOf({ width, height, data }) {
    const stride = (width + 31) >>> 5;
    const peaks = new Uint16Array(stride * height);
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++, pixel++) {
        const word = y * stride + (x >>> 5);
        if (data[pixel] > peaks[word]) peaks[word] = data[pixel];
      }
    }
    return peaks;
  }

  /**
   * @param {Size & { data: Uint8Array | Uint16Array }} heat
   * @param {number} level
   * @param {Uint16Array | null} [peaks] to cut faster
   * @returns {Bitmap} 1 where the heatmap is at least `level`
   */
  function threshold({ width, height, data }, level, peaks = null) {
    const result = blank(width, height);
    const { stride, words } = result;
    const below = level - 1;
    for (let word = 0; word < words.length; word++) {
      if (peaks && peaks[word] < level) continue;
      const y = Math.trunc(word / stride);
      const x = (word - y * stride) * 32;
      const start = y * width + x;
      const end = start + Math.min(32, width - x);
      let bits = 0;
      for (let i = end - 1; i >= start; i--) bits = (bits << 1) | ((below - data[i]) >>> 31);
      words[word] = bits;
    }
    return result;
  }

  /**
   * @param {number} width
   * @param {number} height
   * @param {Uint8Array} bytes
   * @returns {Bitmap} 1 where the byte is not 0
   */
  function pack(width, height, bytes) {
    return threshold({ width, height, data: bytes }, 1);
  }

  /** @param {Bitmap} bitmap @returns {Uint8Array} one byte of 0 or 1 a pixel */
  function unpack({ width, height, stride, words }) {
    const bytes = new Uint8Array(width * height);
    for (let y = 0, pixel = 0; y < height; y++) {
      for (let x = 0; x < width; x++) bytes[pixel++] = (words[y * stride + (x >>> 5)] >>> x) & 1;
    }
    return bytes;
  }

  /** @type {BitmapPart["get"]} */
  function get({ stride, words }, x, y) {
    return (words[y * stride + (x >>> 5)] >>> (x & 31)) & 1;
  }

  /** @type {BitmapPart["count"]} */
  function count({ words }) {
    let total = 0;
    for (let i = 0; i < words.length; i++) total += popcount(words[i]);
    return total;
  }

  /** @param {number} word */
  function popcount(word) {
    let n = word - ((word >>> 1) & 0x55555555);
    n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
    return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }

  /**
   * @param {Bitmap} bitmap
   * @param {Bitmap} other
   * @returns {Bitmap} pixels that are 1 in both
   */
  function intersect({ width, height, stride, words }, other) {
    const both = new Int32Array(words.length);
    for (let i = 0; i < words.length; i++) both[i] = words[i] & other.words[i];
    return { width, height, stride, words: both };
  }

  /** @param {Bitmap} bitmap @returns {Bitmap} */
  const copy = ({ words, ...shape }) => ({ ...shape, words: words.slice() });

  // From here to `dilate` bitmaps are changed in place, which spares memory and so time.

  /** @param {Bitmap} bitmap */
  function invert(bitmap) {
    const { width, stride, words } = bitmap;
    const tail = tailOf(width);
    for (let i = 0; i < words.length; i++) words[i] = ~words[i];
    for (let i = stride - 1; i < words.length; i += stride) words[i] &= tail;
    return bitmap;
  }

  /** @param {Bitmap} bitmap @param {Bitmap} others */
  function merge({ words }, { words: others }) {
    for (let i = 0; i < words.length; i++) words[i] |= others[i];
  }

  /**
   * Widens runs of 2r + 1 pixels by `step` <= r + 1 to both sides. The run itself is kept too, so
   * that what the border cuts off is never missed.
   *
   * @param {Bitmap} bitmap
   * @param {number} step
   */
  function widen({ width, stride, words }, step) {
    const back = 32 - step;
    const tail = tailOf(width);
    for (let row = 0; row < words.length; row += stride) {
      const end = row + stride;
      let left = 0;
      let here = words[row];
      for (let i = row; i < end; i++) {
        const right = i + 1 < end ? words[i + 1] : 0;
        words[i] = here | (here << step) | (left >>> back) | (here >>> step) | (right << back);
        left = here;
        here = right;
      }
      words[end - 1] &= tail;
    }
  }

  /** Each row takes the OR of itself and the rows above and below. @param {Bitmap} bitmap */
  function heighten({ stride, words }) {
    const above = new Int32Array(stride);
    const last = words.length - stride;
    for (let row = 0; row < last; row += stride) {
      for (let i = row, x = 0; x < stride; i++, x++) {
        const here = words[i];
        words[i] = above[x] | here | words[i + stride];
        above[x] = here;
      }
    }
    for (let x = 0; x < stride; x++) words[last + x] |= above[x];
  }

  /**
   * How far the rows of a kernel reach to both sides, from its centre row outward.
   *
   * @param {number[][]} kernel OpenCV's structuring element of an odd size
   * @returns {number[]} never rising
   * @throws {RangeError} if a row is no run around the centre, or the shape is not convex
   */
  function kernelProfile(kernel) {
    const centre = kernel.length >> 1;
    const radii = kernel.map((row) => (row.reduce((sum, cell) => sum + cell, 0) - 1) / 2);
    const isKnown = kernel.every((row, y) => {
      const isRun = row.every((cell, x) => cell === Number(Math.abs(x - centre) <= radii[y]));
      const isMirrored = radii[y] === radii[kernel.length - 1 - y];
      return isRun && isMirrored && (y === 0 || y > centre || radii[y] >= radii[y - 1]);
    });
    if (!isKnown) throw new RangeError("A kernel must be a convex shape around its centre.");
    return radii.slice(centre);
  }

  /**
   * Each pixel takes the OR of the pixels under the kernel; beyond the border is 0.
   *
   * The kernel is built from its outermost rows inward: every step widens it to the next row's
   * reach and then makes it taller by a row above and a row below.
   *
   * @param {Bitmap} source
   * @param {number[]} profile
   * @returns {Bitmap}
   */
  function dilate(source, profile) {
    const wide = copy(source);
    let reach = 0;
    const result = blank(source.width, source.height);
    for (let row = profile.length - 1; row >= 0; row--) {
      while (reach < profile[row]) {
        const step = Math.min(reach + 1, profile[row] - reach);
        widen(wide, step);
        reach += step;
      }
      if (profile[row] > (profile[row + 1] ?? -1)) merge(result, wide);
      if (row > 0) heighten(result);
    }
    return result;
  }

  /**
   * Each pixel takes the AND of the pixels under the kernel; beyond the border is 1.
   *
   * @type {BitmapPart["erode"]}
   */
  function erode(source, profile) {
    return invert(dilate(invert(copy(source)), profile));
  }

  /** @type {BitmapPart["opening"]} */
  const opening = (source, profile) => dilate(erode(source, profile), profile);
  /** @type {BitmapPart["closing"]} */
  const closing = (source, profile) => erode(dilate(source, profile), profile);

  crackdemo.bitmap = {
    blank,
    peaksOf,
    threshold,
    pack,
    unpack,
    get,
    count,
    intersect,
    kernelProfile,
    dilate,
    erode,
    opening,
    closing,
  };
})(globalThis);
