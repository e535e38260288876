/** Colours of heatmaps and marks, free of the DOM. Pixels are 32-bit words of ImageData (ABGR). */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /**
   * Eleven stops from cold to hot; viridis is made for colour-blind eyes.
   *
   * @type {Object<string, string>}
   */
  const STOPS = {
    inferno: "000004 160b39 420a68 6a176e 932667 bc3754 dd513a f37819 fca50a f6d746 fcffa4",
    viridis: "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725",
    gray: "000000 1a1a1a 333333 4d4d4d 666666 808080 999999 b3b3b3 cccccc e6e6e6 ffffff",
  };

  /**
   * As in crackdemo/photos/overlays.py: a hue that neither pavement nor road paint has. The page
   * puts another class' colour in its place while that one is on show.
   */
  /** @type {Colour} */
  const CRACK = [255, 0, 110];
  const SELECTED = [0, 150, 255];

  /** @type {ColoursPart["word"]} */
  const word = ([red, green, blue], alpha = 1) =>
    ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;

  /** @type {ColoursPart["css"]} */
  const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

  /**
   * @param {string} name
   * @returns {number[][]} 256 colours as [red, green, blue], from cold to hot
   */
  function ramp(name) {
    const stops = STOPS[name].split(" ").map((hex) => parseInt(hex, 16));
    /** @param {number} stop @param {number} shift */
    const channel = (stop, shift) => (stop >> shift) & 255;
    return Array.from({ length: 256 }, (_, i) => {
      const place = (i / 255) * (stops.length - 1);
      const below = Math.min(Math.floor(place), stops.length - 2);
      const [from, to] = [stops[below], stops[below + 1]];
      return [16, 8, 0].map((shift) =>
        Math.round(
          channel(from, shift) + (place - below) * (channel(to, shift) - channel(from, shift)),
        ),
      );
    });
  }

  /** @param {string} name @returns {Uint32Array} 256 pixels, for a heatmap's high byte */
  const heatPixels = (name) => Uint32Array.from(ramp(name), (colour) => word(colour));

  crackdemo.colours = { CRACK, SELECTED, word, css, ramp, heatPixels };
})(globalThis);
