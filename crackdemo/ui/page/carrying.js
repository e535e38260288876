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
   * @type {CarryingPart["drawn"]}
   */
  function drawn(selector) {
    const find = () => /** @type {HTMLElement | null} */ (document.querySelector(selector));
    const there = find();
    if (there) return Promise.resolve(there);
    return new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        const element = find();
        if (!element) return;
        watch.disconnect();
        resolve(element);
      });
      watch.observe(document, { childList: true, subtree: true });
    });
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

  crackdemo.carrying = { open, drawn, into, fetched };
})(globalThis);
