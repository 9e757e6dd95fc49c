// The raster of the last seconds. Spikes become pixels of a ring of columns as they come, so that a
// frame costs two copies of an image, however many spikes there are. They are kept as long as they are
// in the window, so that it can be drawn anew in another size.

import { Surface, colours, hue, niceStep } from "./surface.js";

const AHEAD = 0.25; // part of the window that data may be ahead of what is shown
const GAP = 6; // between the bands of two populations, CSS pixels
const LABELS = 16; // for the axis, CSS pixels

export class Raster {
  constructor(canvas) {
    this.surface = new Surface(canvas);
    this.populations = [];
    this.windowMs = 5000;
    this.shownMs = 0; // biological time at the right edge
    this.newestMs = 0;
    this.past = []; // [label, biological time, ids], in the order in which they came
    this.stale = true;
  }

  setPopulations(populations) {
    this.populations = populations;
    this.stale = true;
  }

  setWindow(seconds) {
    this.windowMs = seconds * 1000;
    this.stale = true;
  }

  // Make the ring anew: after a change of size, window, theme or populations.
  reset() {
    this.surface.fit();
    const { width, height, scale } = this.surface;
    this.plotHeight = Math.max(1, Math.floor(height - LABELS * scale));
    this.columns = Math.ceil(width * (1 + AHEAD)) + 2;
    this.msPerColumn = this.windowMs / width;
    this.ring = document.createElement("canvas");
    this.ring.width = this.columns;
    this.ring.height = this.plotHeight;
    this.ringContext = this.ring.getContext("2d");
    this.image = this.ringContext.createImageData(this.columns, this.plotHeight);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.head = Math.floor(this.newestMs / this.msPerColumn); // newest column that is clean
    this.dirtyFrom = this.dirtyTo = this.head;
    this.#layOut();
    this.stale = false;
    for (const [label, timeMs, ids] of this.past) this.#mark(label, timeMs, ids);
  }

  #layOut() {
    const shown = this.populations.filter((each) => each.visible);
    const gaps = GAP * this.surface.scale * Math.max(0, shown.length - 1);
    // by the root of the size: large populations get more room, small ones stay readable
    const parts = shown.map((each) => Math.sqrt(each.size));
    const total = parts.reduce((sum, part) => sum + part, 0) || 1;
    let top = 0;
    this.bands = new Map();
    shown.forEach((population, number) => {
      const height = Math.max(1, Math.floor(((this.plotHeight - gaps) * parts[number]) / total));
      this.bands.set(population.label, {
        top: Math.floor(top), height, perNeuron: height / population.size, size: population.size,
        pixel: pixelOf(hue(population.number)), colour: hue(population.number),
      });
      top += height + GAP * this.surface.scale;
    });
  }

  // Take spikes of one tick.
  add(label, timeMs, ids) {
    this.past.push([label, timeMs, ids]);
    if (this.past.length % 5000 === 0) {
      const begin = timeMs - this.windowMs;
      this.past = this.past.filter(([, each]) => each >= begin);
    }
    if (this.stale) this.reset();
    else this.#mark(label, timeMs, ids);
  }

  #mark(label, timeMs, ids) {
    const column = Math.floor(timeMs / this.msPerColumn);
    if (timeMs > this.newestMs) this.newestMs = timeMs;
    if (column > this.head) this.#advance(column);
    const band = this.bands.get(label);
    // older ones would come out in the columns ahead, which are clean already
    if (!band || column <= this.head - this.columns + 2) return;
    const { pixels, columns, plotHeight } = this;
    const x = ((column % columns) + columns) % columns;
    const mark = Math.max(1, Math.min(Math.floor(band.perNeuron) - 1, 10 * this.surface.scale));
    for (let number = 0; number < ids.length; number += 1) {
      if (ids[number] >= band.size) continue;
      // neuron 0 at the bottom, as in every raster plot
      const y = band.top + Math.floor((band.size - 1 - ids[number] + 0.5) * band.perNeuron - mark / 2);
      const from = Math.max(0, y);
      const to = Math.min(plotHeight, y + mark);
      for (let row = from; row < to; row += 1) pixels[row * columns + x] = band.pixel;
      // a second column where there is room, so that single spikes are seen
      if (mark > 2 && x + 1 < columns) {
        for (let row = from; row < to; row += 1) pixels[row * columns + x + 1] = band.pixel;
      }
    }
    if (column < this.dirtyFrom) this.dirtyFrom = column;
    if (column + 1 > this.dirtyTo) this.dirtyTo = column + 1;
  }

  // Clean the columns up to this one and a second one ahead, into which wide marks reach.
  #advance(column) {
    const { pixels, columns, plotHeight } = this;
    const first = Math.max(this.head + 2, column + 2 - columns);
    for (let each = first; each <= column + 1; each += 1) {
      const x = each % columns;
      for (let row = 0; row < plotHeight; row += 1) pixels[row * columns + x] = 0;
    }
    if (first < this.dirtyFrom) this.dirtyFrom = first;
    if (column + 1 > this.dirtyTo) this.dirtyTo = column + 1;
    this.head = column;
  }

  // Show the window that ends at this biological time.
  draw(endMs) {
    if (this.surface.fit() || this.stale) this.reset();
    const { surface, columns, plotHeight } = this;
    const end = Math.floor(endMs / this.msPerColumn);
    if (end > this.head) this.#advance(end);
    this.#upload();
    this.shownMs = endMs;
    const colour = colours();
    surface.clear();
    const first = Math.max(end - surface.width + 1, this.head - columns + 3);
    let left = surface.width - (end - first + 1);
    for (let from = first; from <= end; ) {
      const x = ((from % columns) + columns) % columns;
      const width = Math.min(columns - x, end - from + 1);
      surface.context.drawImage(this.ring, x, 0, width, plotHeight, left, 0, width, plotHeight);
      left += width;
      from += width;
    }
    this.#axis(colour);
  }

  #upload() {
    if (this.dirtyTo < this.dirtyFrom) return;
    const { columns, plotHeight } = this;
    if (this.dirtyTo - this.dirtyFrom >= columns) {
      this.ringContext.putImageData(this.image, 0, 0);
    } else {
      const from = ((this.dirtyFrom % columns) + columns) % columns;
      const count = this.dirtyTo - this.dirtyFrom + 1;
      const one = Math.min(count, columns - from);
      this.ringContext.putImageData(this.image, 0, 0, from, 0, one, plotHeight);
      if (count > one) this.ringContext.putImageData(this.image, 0, 0, 0, 0, count - one, plotHeight);
    }
    this.dirtyFrom = Infinity;
    this.dirtyTo = -Infinity;
  }

  #axis(colour) {
    const { surface, plotHeight } = this;
    const { context, scale, width } = surface;
    context.fillStyle = colour.line;
    context.fillRect(0, plotHeight, width, scale);
    const step = niceStep(this.windowMs, Math.max(2, Math.min(8, width / (90 * scale))));
    const start = this.shownMs - this.windowMs;
    for (let at = Math.ceil(Math.max(0, start) / step) * step; at <= this.shownMs; at += step) {
      const x = ((at - start) / this.windowMs) * width;
      context.fillStyle = colour.line;
      context.fillRect(x, plotHeight, scale, 4 * scale);
      const words = `${(at / 1000).toFixed(step < 1000 ? 1 : 0)} s`;
      const align = x < 20 * scale ? "left" : x > width - 20 * scale ? "right" : "center";
      surface.text(words, x, plotHeight + 10 * scale, colour.soft, align);
    }
  }
}

// '#rrggbb' as a pixel of a little-endian Uint32Array over RGBA bytes.
function pixelOf(colour) {
  const number = parseInt(colour.slice(1), 16);
  return (0xff000000 | ((number & 0xff) << 16) | (number & 0xff00) | (number >> 16)) >>> 0;
}
