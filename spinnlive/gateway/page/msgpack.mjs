// The part of msgpack that the stream protocol uses: nil, booleans, numbers, texts, binary, arrays, maps.
// Whole numbers up to 2^53 - 1; a real number is always written as float 64. No extension types.

const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

/** Give the bytes of a value: Uint8Array (and other typed arrays) become binary. */
export function encode(value) {
  const parts = [];
  write(value, parts);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A number that is written as float 64 even if it is whole. */
export class Real {
  constructor(value) {
    this.value = value;
  }
}

function write(value, parts) {
  if (value === null || value === undefined) parts.push(Uint8Array.of(0xc0));
  else if (value === false || value === true) parts.push(Uint8Array.of(value ? 0xc3 : 0xc2));
  else if (typeof value === "number" && Number.isInteger(value)) parts.push(integer(value));
  else if (typeof value === "number" || value instanceof Real) parts.push(real(Number(value.value ?? value)));
  else if (typeof value === "string") {
    const bytes = utf8.encode(value);
    parts.push(bytes.length < 32 ? Uint8Array.of(0xa0 | bytes.length) : header(bytes.length, 0xd9, 0xda, 0xdb));
    parts.push(bytes);
  } else if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    parts.push(header(bytes.length, 0xc4, 0xc5, 0xc6), bytes);
  } else if (Array.isArray(value)) {
    parts.push(value.length < 16 ? Uint8Array.of(0x90 | value.length) : header(value.length, 0, 0xdc, 0xdd));
    for (const each of value) write(each, parts);
  } else {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    parts.push(entries.length < 16 ? Uint8Array.of(0x80 | entries.length) : header(entries.length, 0, 0xde, 0xdf));
    for (const [key, each] of entries) {
      write(key, parts);
      write(each, parts);
    }
  }
}

function header(size, byte8, byte16, byte32) {
  if (byte8 && size < 0x100) return Uint8Array.of(byte8, size);
  if (size < 0x10000) return Uint8Array.of(byte16, size >> 8, size & 0xff);
  return Uint8Array.of(byte32, size >>> 24, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff);
}

function integer(value) {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  if (value < 0) return negative(value, bytes, view);
  if (value < 0x80) return Uint8Array.of(value);
  if (value < 0x100) return Uint8Array.of(0xcc, value);
  if (value < 0x10000) return header(value, 0, 0xcd, 0xce);
  if (value < 0x100000000) return header(value, 0, 0xcd, 0xce);
  bytes[0] = 0xcf;
  view.setBigUint64(1, BigInt(value));
  return bytes;
}

function negative(value, bytes, view) {
  if (value >= -32) return Uint8Array.of(value & 0xff);
  bytes[0] = 0xd3;
  view.setBigInt64(1, BigInt(value));
  return bytes;
}

function real(value) {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

/** Give the value of exactly these bytes; throws on anything else. Binary comes as Uint8Array. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Error(`${bytes.length - reader.at} bytes behind a message`);
  return value;
}

const DEEPEST = 32;

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  take(size) {
    const at = this.at;
    if (at + size > this.bytes.length) throw new Error("a message ends too early");
    this.at += size;
    return at;
  }

  value(depth) {
    if (depth > DEEPEST) throw new Error("a message is nested too deeply");
    const head = this.bytes[this.take(1)];
    if (head < 0x80) return head;
    if (head < 0x90) return this.map(head & 0x0f, depth);
    if (head < 0xa0) return this.array(head & 0x0f, depth);
    if (head < 0xc0) return this.string(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    const view = this.view;
    switch (head) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: return this.binary(view.getUint8(this.take(1)));
      case 0xc5: return this.binary(view.getUint16(this.take(2)));
      case 0xc6: return this.binary(view.getUint32(this.take(4)));
      case 0xca: return view.getFloat32(this.take(4));
      case 0xcb: return view.getFloat64(this.take(8));
      case 0xcc: return view.getUint8(this.take(1));
      case 0xcd: return view.getUint16(this.take(2));
      case 0xce: return view.getUint32(this.take(4));
      case 0xcf: return Number(view.getBigUint64(this.take(8)));
      case 0xd0: return view.getInt8(this.take(1));
      case 0xd1: return view.getInt16(this.take(2));
      case 0xd2: return view.getInt32(this.take(4));
      case 0xd3: return Number(view.getBigInt64(this.take(8)));
      case 0xd9: return this.string(view.getUint8(this.take(1)));
      case 0xda: return this.string(view.getUint16(this.take(2)));
      case 0xdb: return this.string(view.getUint32(this.take(4)));
      case 0xdc: return this.array(view.getUint16(this.take(2)), depth);
      case 0xdd: return this.array(view.getUint32(this.take(4)), depth);
      case 0xde: return this.map(view.getUint16(this.take(2)), depth);
      case 0xdf: return this.map(view.getUint32(this.take(4)), depth);
      default: throw new Error(`byte ${head.toString(16)} is not used by this protocol`);
    }
  }

  string(size) {
    const at = this.take(size);
    return text.decode(this.bytes.subarray(at, at + size));
  }

  binary(size) {
    const at = this.take(size);
    return this.bytes.slice(at, at + size); // a copy, so that typed arrays over it are aligned
  }

  array(size, depth) {
    const found = [];
    for (let number = 0; number < size; number++) found.push(this.value(depth + 1));
    return found;
  }

  map(size, depth) {
    const found = Object.create(null);
    for (let number = 0; number < size; number++) {
      const key = this.value(depth + 1);
      if (typeof key !== "string") throw new Error("a key is no text");
      found[key] = this.value(depth + 1);
    }
    return found;
  }
}
