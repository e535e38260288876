/**
 * How usual a heat is on clean pavement, free of the DOM. Quantiles are [share 0..1, heat 0..65535]
 * pairs, both ascending; between them lie straight lines.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /**
   * The share 0..1 of clean pavement below a heat of 0..65536; null without quantiles.
   *
   * @type {QuantilesPart["shareBelow"]}
   */
  function shareBelow(quantiles, heat) {
    if (!quantiles?.length) return null;
    const next = quantiles.findIndex(([, value]) => value >= heat);
    if (next < 0) return 1;
    const [share, value] = quantiles[next];
    if (next === 0) return value > heat ? 0 : share;
    const [lowerShare, lowerValue] = quantiles[next - 1];
    return lowerShare + ((share - lowerShare) * (heat - lowerValue)) / (value - lowerValue);
  }

  /**
   * The heat that a share of clean pavement stays below; null if the quantiles end before it.
   *
   * @type {QuantilesPart["heatAt"]}
   */
  function heatAt(quantiles, share) {
    if (!quantiles) return null;
    const next = quantiles.findIndex(([known]) => known >= share);
    if (next < 0) return null;
    const [upper, value] = quantiles[next];
    if (next === 0 || upper === share) return value;
    const [lower, below] = quantiles[next - 1];
    return below + ((value - below) * (share - lower)) / (upper - lower);
  }

  /**
   * The share of clean pavement that a threshold of 0..1 marks; null without quantiles.
   *
   * @type {QuantilesPart["shareFlagged"]}
   */
  function shareFlagged(quantiles, threshold) {
    const below = shareBelow(quantiles, crackdemo.mask.cutValue(threshold));
    return below === null ? null : 1 - below;
  }

  crackdemo.quantiles = { shareBelow, heatAt, shareFlagged };
})(globalThis);
