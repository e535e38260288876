/**
 * What the film strip knows of its photos: each one's verdict, and what that was judged by. An
 * answer may come when other weights, another class or other settings count than those it was asked
 * for: of other weights or another class it tells nothing, of other settings it is out of date. Free
 * of the DOM.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {BadgesPart["create"]} */
  function create() {
    /** @type {Basis} */
    let basis = { weights: "", only: "", what: "crack" };
    /** What the sliders are set to. */
    let settings = "";
    /** By name. @type {Map<string, Badge>} */
    const known = new Map();
    /** Of the last question. */
    let asked = 0;
    /** By name: the last question whose answer is of a state before. @type {Map<string, number>} */
    const outdated = new Map();

    /** @type {Badges["rest"]} */
    function rest(changes) {
      const next = { ...basis, ...changes };
      if (isOf(next)) return false;
      basis = next;
      known.clear();
      return true;
    }

    /** @param {Basis} one */
    const isOf = ({ weights, only, what }) =>
      weights === basis.weights && only === basis.only && what === basis.what;

    /** @type {Badges["setSettings"]} */
    function setSettings(next) {
      const isOther = next !== settings;
      settings = next;
      return isOther;
    }

    /** @type {Badges["keep"]} */
    function keep(names) {
      for (const map of [known, outdated]) {
        for (const name of [...map.keys()]) if (!names.has(name)) map.delete(name);
      }
    }

    /** @type {Badges["isStale"]} */
    const isStale = (name) => known.get(name)?.settings !== settings;

    /** @type {Badges["forget"]} */
    function forget(name) {
      outdated.set(name, asked);
      const badge = known.get(name);
      if (badge) badge.settings = "";
    }

    /** @type {Badges["question"]} */
    function question(names, sent) {
      asked++;
      return { number: asked, settings: sent, names: names.filter(isStale) };
    }

    /** @type {Badges["live"]} */
    function live(name, of, state, score) {
      if (!isOf(of)) return false;
      outdated.set(name, asked);
      const before = known.get(name);
      known.set(name, { state, score, mask: before?.mask ?? "", settings });
      return before?.state !== state;
    }

    /** @type {Badges["judge"]} */
    function judge(answer) {
      if (!isOf(answer)) return true; // what counts now is asked for by whatever changed it
      for (const [name, judged] of Object.entries(answer.photos)) {
        const isLate = answer.number <= (outdated.get(name) ?? 0);
        const by = isLate ? "" : answer.settings;
        if (by === settings || !known.has(name)) known.set(name, { ...judged, settings: by });
      }
      return answer.number !== asked || answer.settings === settings;
    }

    return {
      basis: () => basis,
      of: (name) => known.get(name),
      rest,
      setSettings,
      keep,
      isStale,
      forget,
      question,
      live,
      judge,
    };
  }

  crackdemo.badges = { create };
})(globalThis);
