/** Names for people who hear the page: gradio's upload areas do not say what they are for. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** An area's name holds what is written in it, and its field's own name. */
  function mend() {
    for (const area of document.querySelectorAll(
      ".upload-container, [aria-label='common.upload']",
    )) {
      const field = area.closest(".block")?.querySelector("label")?.textContent?.trim() ?? "";
      const text = area.textContent?.replace(/\s+/g, " ").trim() || "Add more";
      const name = [text, field].filter(Boolean).join(": ");
      if (area.getAttribute("aria-label") !== name) area.setAttribute("aria-label", name);
    }
  }

  crackdemo.names = { mend };
})(globalThis);
