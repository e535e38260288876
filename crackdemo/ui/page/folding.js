/** On a phone: the photos' list folds away, the knobs are a sheet from below; examples by a click. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  let clicks = 0;

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

  document.addEventListener("click", ({ target }) => {
    if (!(target instanceof Element)) return;
    const example = target.closest("#examples button");
    if (example instanceof HTMLElement) {
      const chosen = `${example.dataset.example}|${++clicks}`;
      crackdemo.fields.write("#example-chosen textarea", chosen);
      fold("intake", false);
    }
    if (target.closest("#intake-fold")) fold("intake", document.body.dataset.intake !== "open");
    if (target.closest("#sheet-handle")) {
      fold("sheet", document.body.dataset.sheet !== "open");
      document.getElementById("viewer")?.scrollIntoView({ block: "start" });
    }
  });

  crackdemo.folding = { label };
})(globalThis);
