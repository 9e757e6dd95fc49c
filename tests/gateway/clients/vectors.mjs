// Decode every line of hex from the standard input; print it as JSON, or "malformed".
import { createInterface } from "node:readline";
import { decodeMessage } from "../../../protocols/clients/javascript/spinnlive.mjs";
import { encode } from "../../../protocols/clients/javascript/msgpack.mjs";

const plain = (value) =>
  ArrayBuffer.isView(value) ? { array: [...value] } : Array.isArray(value) ? value.map(plain)
    : value !== null && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
      : value;

for await (const line of createInterface({ input: process.stdin })) {
  const bytes = Uint8Array.from(Buffer.from(line, "hex"));
  try {
    const message = decodeMessage(bytes);
    const again = decodeMessage(encode(message));
    console.log(JSON.stringify([plain(message), plain(again)]));
  } catch (error) {
    console.log(JSON.stringify(`malformed: ${error.message}`));
  }
}
