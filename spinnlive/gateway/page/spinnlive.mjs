// A client of spinnlive's stream protocol (protocols/stream.md) for browsers and Node. No dependencies.
//
//   import { connect } from "./spinnlive.mjs";
//   const live = await connect("ws://127.0.0.1:17880");          // or tcp://... in Node
//   for await (const batch of live.subscribe("spikes", "reflex")) console.log(batch.tick, batch.ids);
//   await live.inject("touch", [0, 3]);
//
// Arrays come as typed arrays: ids, counts, pre, post as Uint32Array; weights, delays_ms as Float64Array.

import { decode, encode, Real } from "./msgpack.mjs";

export const VERSION = 1;
const REALS = new Set(["weights", "delays_ms", "rates"]);
const IDS = new Set(["ids", "counts", "pre", "post"]);
const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const MOST_BYTES = 1 << 26;

/** The server sent a client away, closed, or cannot be reached; `code` is that of its goodbye. */
export class ServerLost extends Error {
  constructor(message, code = "") {
    super(message);
    this.name = "ServerLost";
    this.code = code;
  }
}

/** The server does not carry out a request; `code` says why. */
export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

/** Take a message's bytes apart: a plain object with typed arrays. */
export function decodeMessage(bytes) {
  const message = decode(bytes);
  if (message === null || typeof message !== "object" || typeof message.type !== "string")
    throw new Error("no message: a map with a type is due");
  for (const key of Object.keys(message)) {
    const value = message[key];
    if (!(value instanceof Uint8Array)) continue;
    if (IDS.has(key)) message[key] = new Uint32Array(aligned(value, 4));
    else if (REALS.has(key)) message[key] = new Float64Array(aligned(value, 8));
  }
  return message;
}

function aligned(bytes, width) {
  if (bytes.length % width) throw new Error(`${bytes.length} bytes are no array of ${width}-byte numbers`);
  if (!LITTLE) for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes.buffer;
}

/** Connect to a server; resolves when it has said welcome. `token` is what it asks for. */
export async function connect(url, { token, name = "javascript", buffer = 1024 } = {}) {
  const live = new Live(buffer);
  const transport = url.startsWith("tcp:") ? await tcp(url, live) : await webSocket(url, live);
  live._begin(transport, { type: "hello", version: VERSION, token, name });
  await live._welcomed;
  return live;
}

/** A live run that another process serves; made by `connect`. */
export class Live {
  constructor(buffer) {
    this.welcome = null;
    this.heartbeat = null;
    this.onclose = () => {};
    this._buffer = buffer;
    this._number = 0;
    this._requests = new Map();
    this._channels = new Map();
    this._pings = [];
    this._over = null;
    this._welcomed = new Promise((resolve, reject) => {
      this._hello = { resolve, reject };
    });
  }

  /** The populations and projections: {populations, projections}. */
  network() {
    return this._ask({ type: "list" });
  }

  /** An async iterator of what: "spikes", "counts", "weights", "clock" or "telemetry". Leaving its
   * loop unsubscribes. When it is read too slowly the oldest messages go; `dropped` counts them. */
  subscribe(what, target, everyMs, { buffer = this._buffer } = {}) {
    return new Stream(this, { type: "subscribe", what, target, every_ms: everyMs === undefined ? undefined : new Real(everyMs) }, buffer);
  }

  /** Let neurons of a SpikeInjector fire now, or at a tick. */
  inject(population, ids, tick) {
    return this._ask({ type: "inject", population, ids: littleEndian(Uint32Array.from(ids)), tick });
  }

  /** Set the rates (Hz) of a Poisson population: of these neurons, or of all in order. */
  setRates(population, rates, ids) {
    return this._ask({
      type: "set_rates",
      population,
      rates: littleEndian(Float64Array.from(rates)),
      ids: ids === undefined ? undefined : littleEndian(Uint32Array.from(ids)),
    });
  }

  /** Let the network advance; resolves with the tick where it stands then. */
  async step(ms) {
    return (await this._ask({ type: "step", ms: new Real(ms) })).tick;
  }

  /** Ask for the server's clock: {sent, host_s}. */
  ping() {
    return new Promise((resolve, reject) => {
      this._pings.push({ resolve, reject });
      this._send({ type: "ping", sent: new Real(performance.now() / 1000) });
    });
  }

  close() {
    this._end(new ServerLost("this connection was closed", "closed"));
    this._transport.close();
  }

  _begin(transport, hello) {
    this._transport = transport;
    this._send(hello);
  }

  _send(message) {
    if (this._over) throw this._over;
    this._transport.send(encode(message));
  }

  _ask(message, stream) {
    const request = ++this._number;
    return new Promise((resolve, reject) => {
      this._requests.set(request, { resolve, reject, stream });
      try {
        this._send({ ...message, request });
      } catch (error) {
        this._requests.delete(request);
        reject(error);
      }
    });
  }

  _take(bytes) {
    let message;
    try {
      message = decodeMessage(bytes);
    } catch (error) {
      this._end(new ServerLost(`the server sent nonsense: ${error.message}`));
      this._transport.close();
      return;
    }
    switch (message.type) {
      case "welcome":
        this.welcome = message;
        return this._hello.resolve(this);
      case "goodbye":
        return this._end(new ServerLost(message.message, message.code));
      case "heartbeat":
        this.heartbeat = message;
        return;
      case "pong":
        return this._pings.shift()?.resolve(message);
      case "error":
        return this._answer(message.request)?.reject(new Refused(message.message, message.code));
      case "subscribed": {
        const asked = this._answer(message.request);
        if (!asked) return;
        const streams = this._channels.get(message.channel) ?? [];
        this._channels.set(message.channel, [...streams, asked.stream]);
        return asked.resolve(message);
      }
      case "network":
      case "done":
        return this._answer(message.request)?.resolve(message);
      case "end":
        for (const stream of this._channels.get(message.channel) ?? [])
          stream._finish(message.message === undefined ? null : new ServerLost(message.message));
        this._channels.delete(message.channel);
        return;
      default:
        for (const stream of this._channels.get(message.channel) ?? []) stream._put(message);
    }
  }

  _answer(request) {
    const asked = this._requests.get(request);
    this._requests.delete(request);
    return asked;
  }

  _leave(stream, channel) {
    const left = (this._channels.get(channel) ?? []).filter((each) => each !== stream);
    if (left.length) this._channels.set(channel, left);
    else if (this._channels.delete(channel) && !this._over) this._ask({ type: "unsubscribe", channel }).catch(() => {});
  }

  _end(error) {
    if (this._over) return;
    this._over = error;
    this._hello.reject(error);
    for (const asked of [...this._requests.values(), ...this._pings]) asked.reject(error);
    for (const streams of this._channels.values())
      for (const stream of streams) stream._finish(error.code === "closed" ? null : error);
    this.onclose(error);
  }
}

class Stream {
  constructor(live, asked, buffer) {
    this.dropped = 0;
    this._live = live;
    this._asked = asked;
    this._room = buffer;
    this._held = [];
    this._waiting = null;
    this._over = false;
    this._error = null;
    this._subscribed = null;
  }

  /** Subscribe now rather than at the first read. */
  open() {
    this._subscribed ??= this._live._ask(this._asked, this).then(({ channel }) => channel);
    return this._subscribed;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    await this.open();
    while (!this._held.length) {
      if (this._over) {
        if (this._error) throw this._error;
        return { done: true, value: undefined };
      }
      await new Promise((resolve) => {
        this._waiting = resolve;
      });
    }
    return { done: false, value: this._held.shift() };
  }

  async return() {
    this._finish(null);
    this._held.length = 0;
    if (this._subscribed) this._live._leave(this, await this._subscribed);
    return { done: true, value: undefined };
  }

  _put(message) {
    if (this._held.length === this._room) {
      this._held.shift();
      this.dropped++;
    }
    this._held.push(message);
    this._wake();
  }

  _finish(error) {
    if (this._over) return;
    this._over = true;
    this._error = error;
    this._wake();
  }

  _wake() {
    this._waiting?.();
    this._waiting = null;
  }
}

function littleEndian(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  if (!LITTLE) aligned(bytes, array.BYTES_PER_ELEMENT);
  return bytes;
}

function webSocket(url, live) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => resolve({ send: (bytes) => socket.send(bytes), close: () => socket.close() });
    socket.onmessage = (event) => live._take(new Uint8Array(event.data));
    socket.onerror = () => reject(new ServerLost(`nothing answers at ${url}`));
    socket.onclose = () => {
      const error = new ServerLost("the server has closed the connection");
      live._end(error);
      reject(error);
    };
  });
}

async function tcp(url, live) {
  const { connect: dial } = await import("node:net");
  const { hostname, port } = new URL(url.replace(/^tcp:/, "http:"));
  const cutter = new Cutter();
  return new Promise((resolve, reject) => {
    const socket = dial({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 17880), noDelay: true });
    socket.on("connect", () =>
      resolve({ send: (bytes) => socket.write(prefixed(bytes)), close: () => socket.destroy() }),
    );
    socket.on("data", (data) => {
      try {
        for (const message of cutter.feed(data)) live._take(message);
      } catch (error) {
        live._end(new ServerLost(error.message));
        socket.destroy();
      }
    });
    socket.on("error", (error) => reject(new ServerLost(`nothing answers at ${url}: ${error.message}`)));
    socket.on("close", () => live._end(new ServerLost("the server has closed the connection")));
  });
}

function prefixed(bytes) {
  const whole = new Uint8Array(4 + bytes.length);
  new DataView(whole.buffer).setUint32(0, bytes.length, true);
  whole.set(bytes, 4);
  return whole;
}

/** Cuts what comes in on TCP into messages. */
export class Cutter {
  constructor() {
    this._parts = [];
    this._held = 0;
    this._needed = 4;
  }

  feed(data) {
    this._parts.push(data);
    this._held += data.length;
    if (this._held < this._needed) return []; // not joined before it is whole
    const bytes = new Uint8Array(this._held);
    let at = 0;
    for (const part of this._parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const view = new DataView(bytes.buffer);
    const found = [];
    at = 0;
    this._needed = 4;
    while (bytes.length - at >= 4) {
      const size = view.getUint32(at, true);
      if (size === 0 || size > MOST_BYTES) throw new Error(`message of ${size} bytes announced`);
      if (bytes.length - at < 4 + size) {
        this._needed = 4 + size;
        break;
      }
      found.push(bytes.subarray(at + 4, at + 4 + size));
      at += 4 + size;
    }
    this._parts = [bytes.subarray(at)];
    this._held = bytes.length - at;
    return found;
  }
}
