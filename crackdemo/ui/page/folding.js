/** On a phone: the photos' list folds away, the knobs are a sheet from below; examples by a click. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Milliseconds after which an example that has not joined holds the next one up no longer. */
  const PATIENCE = 10_000;
  let clicks = 0;
  /** Examples that wait. @type {string[]} */
  const chosen = [];
  /** When the last one was asked for; 0 once it has joined. */
  let asked = 0;

  /** @param {"intake" | "sheet"} part @param {boolean} isOpen */
  function fold(part, isOpen) {
    document.body.dataset[part] = isOpen ? "open" : "closed";
    label();
  }

  /** Says on both handles what they do now. */
  function label() {
    const { intake, sheet } = document.body.dataset;
    const handles = [
      { id: "intake-fold", text: "Photos, examples and weights", isOpen: intake === "open" },
      { id: "sheet-handle", text: "Settings", isOpen: sheet === "open" },
    ];
    for (const { id, text, isOpen } of handles) {
      const button = document.querySelector(`#${id} button`);
      if (!button) continue;
      if (button.textContent !== text) button.textContent = text;
      button.setAttribute("aria-expanded", String(isOpen));
    }
  }

  /** One after the other: each joins the photos that the one before has left. */
  function addNext() {
    const name = chosen.shift();
    asked = name ? Date.now() : 0;
    if (name) crackdemo.fields.write("#example-chosen textarea", `${name}|${++clicks}`);
  }

  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const example = target.closest("#examples button");
    if (example instanceof HTMLElement) {
      chosen.push(example.dataset.example ?? "");
      if (Date.now() - asked > PATIENCE) addNext();
      fold("intake", false);
    }
    if (target.closest("#intake-fold")) fold("intake", document.body.dataset.intake !== "open");
    if (target.closest("#sheet-handle")) {
      fold("sheet", document.body.dataset.sheet !== "open");
      document.getElementById("viewer")?.scrollIntoView({ block: "start" });
    }
  });

  crackdemo.folding = { label, added: addNext };
})(globalThis);
