/**
 * Keeps the page alive while the server cannot be reached. By itself gradio would stop every event,
 * sliders included, and then load the page anew without its photos. Here requests wait until they
 * get through, and events whose answer was cut off fail one by one.
 */
(function install(scope) {
  "use strict";
  const fetchOnce = scope.fetch.bind(scope);

  /** Milliseconds between two tries. */
  const PAUSE = 1000;
  const AWAY = "The server cannot be reached. Sliders go on; all else waits until it is back.";
  const CUT = "The connection was lost before the answer came: please do that again.";

  /** Ids of events whose answers are still to come. */
  const pending = new Set();
  let before = Promise.resolve();

  scope.fetch = (input, init) => {
    const path = new URL(input.url ?? input, scope.location.href).pathname;
    if (path.endsWith("/queue/join")) return join(input, init);
    if (path.endsWith("/queue/data")) return listen(input, init);
    if (/\/(run\/predict|upload)$/.test(path)) return persist(input, init);
    return fetchOnce(input, init);
  };

  async function persist(input, init) {
    for (;;) {
      try {
        const response = await fetchOnce(input, init);
        say("");
        return response;
      } catch (error) {
        if (init?.signal?.aborted) throw error;
        say(AWAY);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /** One after the other: the server gets events in the order in which a hand made them. */
  async function join(input, init) {
    const sent = before.then(() => persist(input, init));
    before = sent.catch(() => {});
    const response = await sent;
    const { event_id: id } = await response.clone().json().catch(() => ({}));
    if (id) pending.add(id);
    return response;
  }

  /** The stream of answers, which ends with a failure for each one that it still owes. */
  async function listen(input, init) {
    const response = await persist(input, init);
    const reader = response.body.getReader();
    async function pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        if (init?.signal?.aborted) return controller.error(error);
        controller.enqueue(new TextEncoder().encode(failures()));
      }
      pending.clear();
      controller.close();
    }
    const body = new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) });
    return new Response(body, { status: response.status, headers: response.headers });
  }

  /** In the server's words; one of them is seen. */
  function failures() {
    const messages = [...pending].map((id, i) => ({
      msg: "process_completed",
      event_id: id,
      success: false,
      output: { error: CUT, visible: i === 0 },
    }));
    return [...messages, { msg: "close_stream" }]
      .map((message) => `data: ${JSON.stringify(message)}\n\n`)
      .join("");
  }

  function say(text) {
    let place = document.getElementById("connection");
    if (!place) {
      if (!text) return;
      place = crackdemo.element("p", { id: "connection", role: "alert" });
      document.body.append(place);
    }
    place.hidden = !text;
    place.textContent = text;
  }
})(globalThis);
