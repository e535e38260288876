/**
 * What a page finds again when it is loaded anew: settings, drops and regions in its tab's session
 * storage, and the photos on the server, to which it proves by a random secret that they are its.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Who is logged in, where people log in. */
  const person = scope.gradio_config?.username ?? "";
  const SECRET = "crackdemo.secret";
  const STATE = `crackdemo.state${person && ` of ${person}`}`;

  /** What the tab had before, as it was when this page was opened. @type {Kept} */
  const before = read();
  /** @type {Kept} */
  let state = { ...before };
  const asFound = take();
  /** By which the tab keeps its photos. */
  const alone = part().catch(() => asFound);
  /** Nothing is saved before what was there has been taken up. */
  let isOpen = false;

  /** @returns {Kept} */
  function read() {
    try {
      return JSON.parse(scope.sessionStorage.getItem(STATE) ?? "{}");
    } catch {
      return {}; // a browser that keeps nothing
    }
  }

  /** @type {KeptPart["secret"]} */
  function secret() {
    return asFound;
  }

  /** The tab's secret; a new one where it has none. */
  function take() {
    try {
      const known = scope.sessionStorage.getItem(SECRET);
      if (known) return known;
      const fresh = random();
      scope.sessionStorage.setItem(SECRET, fresh);
      return fresh;
    } catch {
      return ""; // a browser that keeps nothing
    }
  }

  function random() {
    const bytes = scope.crypto.getRandomValues(new Uint8Array(24));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** @type {KeptPart["own"]} */
  async function own() {
    const mine = await alone;
    try {
      // not before the server is to keep by it: the other's photos would be found no more
      if (mine) scope.sessionStorage.setItem(SECRET, mine);
    } catch {
      // a browser that keeps nothing
    }
    return mine;
  }

  /** A tab that was duplicated has the other's secret, and finds its photos; but what it has from
   * then on it keeps by a secret of its own. */
  async function part() {
    const { locks } = scope.navigator;
    if (!asFound || !locks) return asFound; // without https nobody can tell
    if (await holds(locks, asFound)) return asFound;
    const fresh = random();
    await holds(locks, fresh);
    return fresh;
  }

  /** Whether no other tab has the secret; from now on this one has it.
   * @param {LockManager} locks
   * @param {string} name
   * @returns {Promise<boolean>} */
  function holds(locks, name) {
    return new Promise((resolve) => {
      // a page that is loaded anew waits for the one before to let go
      const waiting = new AbortController();
      setTimeout(() => waiting.abort(), 1000);
      const { signal } = waiting;
      const asLongAsThePage = () => {
        resolve(true);
        return new Promise(() => {});
      };
      locks.request(`${SECRET} ${name}`, { signal }, asLongAsThePage).catch(() => resolve(false));
    });
  }

  /** @type {KeptPart["save"]} */
  function save(changes) {
    if (!isOpen) return;
    state = { ...state, ...changes };
    try {
      scope.sessionStorage.setItem(STATE, JSON.stringify(state));
    } catch {
      // a browser that keeps nothing, or is full
    }
  }

  /** @type {KeptPart["begin"]} */
  function begin() {
    const { values, weights, dropped, regions } = before;
    if (values && weights) crackdemo.page.restore({ values, weights, dropped, regions });
    return before.onShow ?? "";
  }

  /** @type {KeptPart["found"]} */
  function found(count) {
    isOpen = true;
    const lost = (before.photos ?? 0) - count;
    if (lost <= 0) return;
    const photos = lost === 1 ? "a photo" : `${lost} photos`;
    crackdemo.notice.say(
      `The server no longer has ${photos} of before: drop them again. The settings are as they were.`,
    );
  }

  /** Another person may have logged in meanwhile, in another tab: what is on show is not theirs. */
  async function look() {
    if (document.visibilityState !== "visible") return;
    const { root } = scope.gradio_config;
    const answer = await fetch(`${root}${scope.gradio_config.api_prefix}/user`);
    if (answer.ok && (await answer.json()) !== person) scope.location.reload();
  }

  if (person) {
    for (const event of ["visibilitychange", "focus"]) {
      scope.addEventListener(event, () => void look().catch(() => {}), true);
    }
  }

  crackdemo.kept = { secret, own, save, begin, found };
})(globalThis);
