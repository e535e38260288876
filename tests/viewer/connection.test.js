"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");

/**
 * A stream of answers that a test writes by hand.
 *
 * @returns {{ response: Response, isLeft: boolean, end: () => void,
 *   say: (message: unknown, begin?: string) => void }}
 */
function answers() {
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  let controller;
  const body = new ReadableStream({
    start: (given) => void (controller = given),
    cancel: () => void (stream.isLeft = true),
  });
  const encoder = new TextEncoder();
  const stream = {
    response: new Response(body),
    isLeft: false,
    say: (/** @type {unknown} */ message, begin = "") =>
      controller?.enqueue(encoder.encode(`data: ${begin}${JSON.stringify(message)}\n\n`)),
    end: () => controller?.close(),
  };
  return stream;
}

/** @type {ReturnType<typeof answers>[]} */
const streams = [];
/** @type {string[]} */
const joined = [];
/** What is answered first. @type {Response[]} */
const refusals = [];
/** Of the events that were sent. @type {(string | null)[]} */
const names = [];
/** @param {RequestInfo | URL} input @param {RequestInit} [init] */
const server = async (input, init) => {
  if (String(input).endsWith("/queue/join")) {
    names.push(new Headers(init?.headers).get("X-Event"));
    return refusals.shift() ?? Response.json({ event_id: joined.shift() });
  }
  streams.push(answers());
  return /** @type {ReturnType<typeof answers>} */ (streams.at(-1)).response;
};
let resumed = 0;
Object.assign(globalThis, {
  crackdemo: { page: { resume: () => void resumed++ }, element: () => ({}) },
  document: { getElementById: () => null, body: { append: () => {} } },
  location: { href: "http://server/" },
  fetch: server,
});
require(path.join(__dirname, "..", "..", "crackdemo", "ui", "connection.js"));

const LISTEN = "http://server/queue/data?session_hash=1";
const CLOSE = { msg: "close_stream" };
/** Of the page, which leaves when a test has ended. */
let page = new AbortController();
const listen = () => fetch(LISTEN, { signal: page.signal });
test.afterEach(() => {
  page.abort();
  page = new AbortController();
  streams.length = resumed = 0;
});
/** @param {() => boolean} holds */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}
/** @param {string} id */
const done = (id) => ({ msg: "process_completed", event_id: id });

/** @param {string} id */
async function join(id) {
  joined.push(id);
  await fetch("http://server/queue/join", { method: "POST", body: "{}" });
}

/** @param {Response} response */
function readerOf(response) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  return async () => {
    const { done: isOver, value } = await reader.read();
    if (isOver) return null;
    const [first] = new TextDecoder().decode(value).split("\n\n");
    return JSON.parse(first.slice("data: ".length)).msg;
  };
}

/** @param {Promise<unknown>} promise whether it has come to anything after all that is due has run */
async function isSettled(promise) {
  let settled = false;
  promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test("gradio reads of no end, and the stream is taken up again for the next event", async () => {
  await join("a");
  const read = readerOf(await listen());
  streams[0].say(done("a"));
  assert.equal(await read(), "process_completed");
  streams[0].say(CLOSE);
  streams[0].end();
  const next = read();
  assert.equal(await isSettled(next), false);
  assert.equal(streams.length, 1);
  await join("b");
  await until(() => streams.length === 2);
  streams[1].say(done("b"));
  assert.equal(await next, "process_completed");
  assert.equal(resumed, 0);
});

test("where an event has joined before the server's end, too", async () => {
  await join("b");
  const read = readerOf(await listen());
  streams[0].say(done("b"));
  assert.equal(await read(), "process_completed");
  streams[0].say(CLOSE);
  await join("c");
  streams[0].end();
  const next = read();
  assert.equal(await isSettled(next), false);
  assert.equal(streams.length, 2);
  streams[1].say(done("c"));
  assert.equal(await next, "process_completed");
  assert.equal(resumed, 0);
});

test("where gradio itself gives the stream up it ends", async () => {
  await join("k");
  const read = readerOf(await listen());
  streams[0].say(done("k"));
  assert.equal(await read(), "process_completed");
  page.abort();
  page = new AbortController();
  streams[0].end();
  const next = read();
  await join("l");
  assert.equal(await next, null);
  assert.equal(streams.length, 1);
  const again = readerOf(await listen());
  streams[1].say(done("l"));
  assert.equal(await again(), "process_completed");
});

test("an answer that comes before its event's id is no reason to listen again", async () => {
  const read = readerOf(await listen());
  streams[0].say(done("d"));
  assert.equal(await read(), "process_completed");
  await join("d");
  streams[0].say(CLOSE);
  streams[0].end();
  assert.equal(await isSettled(read()), false);
  assert.equal(streams.length, 1);
});

test("what a server that has forgotten the visitor owes fails, and the page goes on", async () => {
  await join("e");
  const read = readerOf(await listen());
  streams[0].say({ msg: "unexpected_error", session_not_found: true });
  assert.equal(await read(), "process_completed");
  await until(() => resumed === 1);
  await join("E");
  await until(() => streams.length === 2);
  streams[1].say(done("E"));
  assert.equal(await read(), "process_completed");
});

test("a stream that ends without a word fails what it owes", async () => {
  await join("f");
  const read = readerOf(await listen());
  streams[0].end();
  assert.equal(await read(), "process_completed");
  await until(() => resumed === 1);
  const idle = readerOf(await listen());
  streams[1].end();
  assert.equal(await isSettled(idle()), false);
  assert.equal(resumed, 1);
});

test("what no server says breaks the stream, and the server hears that nobody listens", async () => {
  await join("g");
  const read = readerOf(await listen());
  streams[0].say("process_completed", "junk ");
  assert.equal(await read(), "process_completed");
  await until(() => streams[0].isLeft);
  await until(() => resumed === 1);
});

test("the words of the stream may stand in what it brings", async () => {
  await join("h");
  const read = readerOf(await listen());
  streams[0].say({ msg: "process_generating", output: { name: "close_stream" } });
  assert.equal(await read(), "process_generating");
  streams[0].say(done("h"));
  assert.equal(await read(), "process_completed");
});

test("where a proxy finds no server the request is made again, under the same name", async () => {
  refusals.push(new Response("<html>", { status: 502 }));
  names.length = 0;
  await join("i");
  assert.equal(names.length, 2);
  assert.equal(names[0], names[1]);
  await join("j");
  assert.notEqual(names[2], names[1]);
  refusals.push(Response.json({ detail: "full" }, { status: 503 }));
  assert.equal((await fetch("http://server/queue/join")).status, 503);
});
