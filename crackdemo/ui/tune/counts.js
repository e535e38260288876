/** Figures of a set of labelled photos at every threshold, from counts that the server made once. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const STEPS = 1000;

  /** Little-endian 32-bit words in base64. @param {string} text */
  function decode(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  }

  /** 0/0 is 1 where nothing is marked and nothing true. */
  /** @param {number} part @param {number} whole @param {boolean} agree */
  const share = (part, whole, agree) => (whole > 0 ? part / whole : agree ? 1 : 0);

  /** @type {CountsPart["figures"]} */
  function figures(data, part) {
    const chosen = data.photos.filter((photo) => part === "all" || photo.part === part);
    const masked = chosen.filter((photo) => photo.hasMask);
    const right = new Float64Array(STEPS + 1);
    const predicted = new Float64Array(STEPS + 1);
    const dice = new Float64Array(STEPS + 1);
    let truth = 0;
    for (const photo of masked) {
      const marked = decode(photo.predicted ?? "");
      const hits = decode(photo.right ?? "");
      const own = photo.truth ?? 0;
      truth += own;
      for (let i = 0; i <= STEPS; i++) {
        right[i] += hits[i];
        predicted[i] += marked[i];
        dice[i] += share(2 * hits[i], marked[i] + own, true);
      }
    }
    const near = (/** @type {string} */ px) => nearCounts(data, part, px);
    const within2 = near("2");
    const within5 = near("5");
    const all = Array.from({ length: STEPS + 1 }, (_, i) => {
      const empty = predicted[i] === 0 && truth === 0;
      /** @param {number} a marked and right @param {number} b true and found */
      const f1 = (a, b) => {
        const precision = share(a, predicted[i], empty);
        const recall = share(b, truth, empty);
        return share(2 * precision * recall, precision + recall, empty);
      };
      return {
        precision: share(right[i], predicted[i], empty),
        recall: share(right[i], truth, empty),
        f1: f1(right[i], right[i]),
        iou: share(right[i], predicted[i] + truth - right[i], empty),
        dice: dice[i] / Math.max(1, masked.length),
        f1Within2: f1(within2[0][i], within2[1][i]),
        f1Within5: f1(within5[0][i], within5[1][i]),
      };
    });
    const best = all.reduce((at, each, i) => (each.f1 >= all[at].f1 ? i : at), 0);
    return {
      weights: data.weights,
      own: data.own.threshold,
      scoreThreshold: data.scoreThreshold,
      masked: masked.length,
      figures: all,
      best,
      scores: chosen.map(({ score, cracked }) => ({ score, cracked })),
    };
  }

  /** Of one part or of all. @param {TuneData} data @param {string} part @param {string} px */
  function nearCounts(data, part, px) {
    const sums = [new Float64Array(STEPS + 1), new Float64Array(STEPS + 1)];
    for (const [name, counts] of Object.entries(data.near)) {
      if (part !== "all" && name !== part) continue;
      for (const side of [0, 1]) {
        for (let i = 0; i <= STEPS; i++) sums[side][i] += counts[px][side][i];
      }
    }
    return sums;
  }

  /** @type {CountsPart["roc"]} */
  function roc(scores) {
    const sorted = [...scores].sort((a, b) => b.score - a.score);
    const cracked = scores.filter((each) => each.cracked).length;
    const clean = scores.length - cracked;
    /** @type {[number, number][]} */
    const points = [[0, 0]];
    let [alarms, hits, area] = [0, 0, 0];
    for (let i = 0; i < sorted.length; i++) {
      if (sorted[i].cracked) hits++;
      else alarms++;
      if (sorted[i + 1]?.score === sorted[i].score) continue;
      const [x, y] = [alarms / clean, hits / cracked];
      const [before, level] = points[points.length - 1];
      area += ((x - before) * (y + level)) / 2;
      points.push([x, y]);
    }
    return { points, area };
  }

  /** @type {CountsPart["confusion"]} */
  function confusion(scores, threshold) {
    const count = (/** @type {boolean} */ cracked, /** @type {boolean} */ called) =>
      scores.filter((each) => each.cracked === cracked && each.score >= threshold === called)
        .length;
    return {
      right: count(true, true),
      alarms: count(false, true),
      missed: count(true, false),
      sound: count(false, false),
    };
  }

  crackdemo.counts = { STEPS, decode, figures, roc, confusion };
})(globalThis);
