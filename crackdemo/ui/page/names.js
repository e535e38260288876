/** Names for people who hear the page: gradio's upload areas, pictures and galleries do not say what
 * they are for. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  function mend() {
    nameUploads();
    for (const button of document.querySelectorAll("button.reset-button")) {
      const field = button
        .closest(".block")
        ?.querySelector("[data-testid=block-info]")?.textContent;
      const name = field && `Reset ${field.trim()}`;
      if (name && button.getAttribute("aria-label") !== name) {
        button.setAttribute("aria-label", name);
      }
    }
    for (const empty of document.querySelectorAll(".empty.large[aria-label]:not([role])")) {
      empty.setAttribute("role", "img");
    }
    for (const button of document.querySelectorAll(".image-container > button:not([aria-label])")) {
      button.setAttribute("aria-label", "The photo on show");
    }
    for (const button of document.querySelectorAll("button.thumbnail-item")) {
      const caption = button.textContent?.trim();
      if (caption && button.getAttribute("aria-label") !== caption) {
        button.setAttribute("aria-label", caption);
      }
    }
  }

  /** An area's name holds what is written in it, and its field's own name. */
  function nameUploads() {
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
