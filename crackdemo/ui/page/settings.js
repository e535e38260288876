/** The knobs' values as the viewer takes them, and what of them a mask is cut by. Free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {SettingsPart["filled"]} */
  function filled(values) {
    const entries = Object.entries(values).map(([name, value]) => [name, value ?? 0]);
    const all = /** @type {Settings} */ (Object.fromEntries(entries));
    const isOn = (/** @type {number} */ size) => (size > 1 ? size : 0);
    return {
      ...all,
      opening: isOn(all.opening),
      closing: isOn(all.closing),
      min_area: Math.round(all.min_area),
    };
  }

  /** @type {SettingsPart["cut"]} */
  function cut(settings) {
    const { opacity, colours, mm_per_px, ...mask } = settings;
    return JSON.stringify(mask);
  }

  crackdemo.settings = { filled, cut };
})(globalThis);
