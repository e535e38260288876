/** Files that were made of what is shown: out of sight as soon as something else is shown. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Counts what makes them old: something else is shown than they hold. */
  let changes = 0;
  let changesAtBegin = -1;
  let isAwaited = false;

  function change() {
    changes++;
    document.body.dataset.downloads = "old";
  }

  function begin() {
    change();
    changesAtBegin = changes;
  }

  function end() {
    if (changes !== changesAtBegin) return;
    document.body.dataset.downloads = "new";
    isAwaited = true;
    reveal();
  }

  /** They are brought into sight as soon as gradio has drawn them. */
  function reveal() {
    const link = isAwaited && document.querySelector("#downloads a[download]");
    if (!link) return;
    isAwaited = false;
    document.getElementById("downloads")?.scrollIntoView({ block: "nearest" });
  }

  crackdemo.downloads = { change, begin, end, reveal };
})(globalThis);
