/** Carries files and hands from one tab to another: what a hand would do there. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {CarryingPart["open"]} */
  function open(title) {
    /** @type {NodeListOf<HTMLElement>} */
    const tabs = document.querySelectorAll("button[role=tab]");
    for (const tab of tabs) if (tab.textContent?.trim() === title) tab.click();
  }

  /**
   * Gradio draws a tab, or files, some time after it was asked to.
   *
   * @template T
   * @param {() => T | null} find
   * @returns {Promise<T>}
   */
  function once(find) {
    const there = find();
    if (there) return Promise.resolve(there);
    return new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        const found = find();
        if (!found) return;
        watch.disconnect();
        resolve(found);
      });
      watch.observe(document, { childList: true, subtree: true });
    });
  }

  /** @type {CarryingPart["drawn"]} */
  const drawn = (selector) =>
    once(() => /** @type {HTMLElement | null} */ (document.querySelector(selector)));

  /** @type {CarryingPart["emptied"]} */
  async function emptied(selector) {
    const place = await drawn(selector);
    const clear = place.querySelector("button[aria-label=Clear]");
    if (!(clear instanceof HTMLElement)) return;
    clear.click();
    await once(() => place.querySelector("button[aria-label=Clear]") === null);
  }

  /** @type {CarryingPart["into"]} */
  async function into(selector, files) {
    const input = /** @type {HTMLInputElement} */ (await drawn(selector));
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** @type {CarryingPart["fetched"]} */
  async function fetched(address, name, type) {
    const answer = await fetch(address);
    return new File([await answer.blob()], name, { type });
  }

  crackdemo.carrying = { open, drawn, emptied, into, fetched };
})(globalThis);
