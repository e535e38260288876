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
  /** Told when an event has joined. */
  let wake = () => {};

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
      wake();
      return response;
    });
    before = joined.catch(() => {});
    return joined;
  }

  /**
   * The stream of answers, one for as long as the page lives. The server ends its own as soon as it
   * owes nothing; to gradio that never happens: what it reads of an end and what it asks for just
   * then would miss each other, and nobody would listen for the answer.
   *
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function listen(input, init) {
    const response = await persist(input, init);
    const { body, status, headers } = response;
    if (!body) return response;
    const messages = answersOf(
      body,
      async () => (await persist(input, init)).body,
      () => isAborted(input, init),
    );
    const encoder = new TextEncoder();
    /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
    async function pull(controller) {
      const { done, value } = await messages.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`${value}\n\n`));
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
   * The messages of the server's streams, of which one follows the other where events wait for their
   * answers. Where the connection breaks, or the server has taken the visitor for gone in the
   * meantime, of which gradio's own page would load itself anew, each answer that is owed is a
   * failure.
   *
   * @param {ReadableStream<Uint8Array>} body @param {() => Promise<typeof body | null>} again
   * @param {() => boolean} isLeft
   */
  async function* answersOf(body, again, isLeft) {
    /** @type {ReadableStream<Uint8Array> | null} */
    let stream = body;
    while (!isLeft()) {
      try {
        stream ??= await again();
        if (stream) yield* toldBy(stream.getReader());
      } catch {
        if (isLeft()) return;
        yield* failures();
        // not at once: gradio begins nothing anew of which it has not yet read that it failed
        pause().then(() => crackdemo.page.resume());
      }
      stream = null;
      while (pending.size === 0) await new Promise((resolve) => (wake = () => resolve(null)));
    }
  }

  /**
   * What one of the server's streams tells, but for its end.
   *
   * @param {ReadableStreamDefaultReader<Uint8Array>} reader
   */
  async function* toldBy(reader) {
    let isClosed = false;
    for await (const message of messagesOf(reader)) {
      const { msg, event_id: id, session_not_found: isForgotten } = valuesOf(message);
      if (isForgotten) throw new Error("The server has taken the visitor for gone.");
      if (msg === "process_completed" && !pending.delete(id)) early.add(id);
      if (msg === "close_stream") isClosed = true;
      else yield message;
    }
    await before; // an event that is joining just now
    if (!isClosed && pending.size > 0) throw new Error("It has ended before all answers came.");
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
    return messages.map((message) => `data: ${JSON.stringify(message)}`);
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
