/** The lines below the weights: what runs, and what was set for somebody, with the way back. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @param {string} name */
  const place = (name) => document.querySelector(`#settings-said .${name}`);

  /** @type {NoticePart["say"]} */
  function say(text, undo) {
    const { element } = crackdemo;
    const buttons = undo
      ? [
          element(
            "button",
            {
              type: "button",
              onclick: () => {
                undo();
                say("");
              },
            },
            "Undo",
          ),
        ]
      : [];
    place("said")?.replaceChildren(...(text ? [text, " ", ...buttons] : []));
  }

  /** @type {NoticePart["about"]} */
  function about({ weights, commit, engine }) {
    const known = [commit && `commit ${commit.slice(0, 8)}`, engine && `run by ${engine}`];
    const text = known.filter(Boolean).join(" · ");
    place("about")?.replaceChildren(text && `${weights} · ${text}`);
  }

  crackdemo.notice = { say, about };
})(globalThis);
