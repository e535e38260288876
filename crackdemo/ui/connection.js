/**
 * Keeps the page alive while the server cannot be reached. By itself gradio would stop every event,
 * sliders included, and then load the page anew without its photos. Here requests wait until they
 * get through, events whose answer was cut off fail one by one, and as soon as the server is back
 * the page makes up for what it missed (`crackdemo.page.resume`).
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  const fetchOnce = scope.fetch.bind(scope);

  /** Milliseconds between two tries. */
  const PAUSE = 1000;
  const AWAY =
    "The connection is lost: the server cannot be reached. " +
    "Sliders go on; all else waits until it is back.";
  const CLOSE = `data: ${JSON.stringify({ msg: "close_stream" })}`;
  const CUT =
    "The connection was lost before the answer came. Scoring goes on by itself; do all else again.";

  /** Ids of events whose answers are still to come. @type {Set<string>} */
  const pending = new Set();
  /** Ids of events whose answers came before the ids themselves. @type {Set<string>} */
  const early = new Set();
  /** Of the names of this page's events. */
  const PAGE = Math.random().toString(36).slice(2);
  let events = 0;
  /** @type {Promise<unknown>} */
  let before = Promise.resolve();

  scope.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : input;
    const path = new URL(url, scope.location.href).pathname;
    if (path.endsWith("/queue/join")) return join(input, init);
    if (path.endsWith("/queue/data")) return listen(input, init);
    if (path.includes("/file=")) return persist(input, init, fetchWhole);
    if (/\/(run\/predict|upload)$/.test(path)) return persist(input, init);
    return fetchOnce(input, init);
  };

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  function isAborted(input, init) {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : null);
    return Boolean(signal?.aborted);
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  async function persist(input, init, request = fetchOnce) {
    for (;;) {
      try {
        const response = await request(input, init);
        if (!isOfProxy(response)) {
          say("");
          return response;
        }
      } catch (error) {
        if (isAborted(input, init)) throw error;
      }
      say(AWAY);
      await pause();
    }
  }

  /**
   * Whether a proxy says that the server behind it is not there; the server's own refusals are JSON.
   *
   * @param {Response} response
   */
  function isOfProxy({ status, headers }) {
    return [502, 503, 504].includes(status) && !headers.get("content-type")?.includes("json");
  }

  const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE));

  /**
   * A file that breaks off half-way is asked for again.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function fetchWhole(input, init) {
    const response = await fetchOnce(input, init);
    const { status, headers } = response;
    return new Response(await response.blob(), { status, headers });
  }

  /**
   * One after the other: the server gets events in the order in which a hand made them. Each has a
   * name, by which the server knows one that comes again because its answer was lost.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function join(input, init) {
    const headers = new Headers(init?.headers);
    headers.set("X-Event", `${PAGE}-${++events}`);
    const joined = before.then(async () => {
      const response = await persist(input, { ...init, headers });
      const { event_id: id } = await response
        .clone()
        .json()
        .catch(() => ({}));
      if (id && !early.delete(id)) pending.add(id);
      return response;
    });
    before = joined.catch(() => {});
    return joined;
  }

  /**
   * The stream of answers, which ends with a failure for each one that it still owes: where the
   * connection breaks, and where the server has taken the visitor for gone in the meantime, of
   * which gradio's own page would load itself anew.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function listen(input, init) {
    const response = await persist(input, init);
    const { body, status, headers } = response;
    if (!body) return response;
    const messages = answersOf(body, () => persist(input, init));
    /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
    async function pull(controller) {
      const encoder = new TextEncoder();
      try {
        const { done, value } = await messages.next();
        if (done) return controller.close();
        controller.enqueue(encoder.encode(`${value}\n\n`));
      } catch {
        if (!isAborted(input, init)) {
          controller.enqueue(encoder.encode(failures()));
          // not at once: gradio begins nothing anew of which it has not yet read that it failed
          pause().then(() => crackdemo.page.resume());
        }
        controller.close();
      }
    }
    return new Response(new ReadableStream({ pull }), { status, headers });
  }

  /**
   * Gradio never renews the stream by which the server knows that somebody is there. Where it ends
   * this one takes its place, and tells that the server is back.
   *
   * @param {string} url
   */
  async function beat(url) {
    for (;;) {
      const { body } = await persist(url);
      crackdemo.page.resume();
      await body?.pipeTo(new WritableStream()).catch(() => {});
      await pause();
    }
  }

  const observer = new PerformanceObserver((ended) => {
    const heartbeat = ended.getEntries().find(({ name }) => name.includes("/heartbeat/"));
    if (!heartbeat) return;
    observer.disconnect();
    beat(heartbeat.name);
  });
  observer.observe({ type: "resource" });

  /**
   * The messages of the stream of answers. Gradio hangs up as soon as it reads that the stream is
   * closed; a server that is not done with it would take that for a visitor who leaves, and forget
   * what else he asked for. So it reads of it when the server is done; and where an event has joined
   * meanwhile, for which nobody would listen, the stream is taken up again instead.
   *
   * @param {ReadableStream<Uint8Array>} body @param {() => Promise<Response>} again
   */
  async function* answersOf(body, again) {
    /** @type {ReadableStream<Uint8Array> | null} */
    let stream = body;
    while (stream) {
      let end = "";
      for await (const message of messagesOf(stream.getReader())) {
        const { msg, event_id: id, session_not_found: isForgotten } = valuesOf(message);
        if (isForgotten) throw new Error("The server has taken the visitor for gone.");
        if (msg === "process_completed" && !pending.delete(id)) early.add(id);
        if (msg === "close_stream") end = message;
        else yield message;
      }
      await before; // an event that is joining just now
      if (pending.size === 0) {
        yield end || CLOSE;
        return;
      }
      if (!end) throw new Error("The stream has ended before all answers came.");
      stream = (await again()).body;
    }
  }

  /** The messages of a stream, each whole. @param {ReadableStreamDefaultReader<Uint8Array>} reader */
  async function* messagesOf(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const messages = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = messages.pop() ?? "";
        yield* messages;
      }
    } finally {
      // the server would go on telling an old stream what a new one waits for
      reader.cancel().catch(() => {});
    }
  }

  /** What a message holds; throws for what the server never says. @param {string} message */
  const valuesOf = (message) => JSON.parse(message.slice("data:".length));

  /** What the events that wait for an answer get, in the server's words; one of them is seen. */
  function failures() {
    const messages = [...pending].map((id, i) => ({
      msg: "process_completed",
      event_id: id,
      success: false,
      output: { error: CUT, visible: i === 0 },
    }));
    pending.clear();
    return [...messages.map((message) => `data: ${JSON.stringify(message)}`), CLOSE]
      .map((message) => `${message}\n\n`)
      .join("");
  }

  /** @param {string} text */
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
