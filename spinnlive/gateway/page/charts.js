// Lines over biological time, the weight matrix and the histogram of latencies.

import { Surface, colours, hue, niceStep } from "./surface.js";

const BIN_MS = 50; // of the rates
const MARGIN = 38; // for the labels on the left, CSS pixels

// The rate of each population, in bins of 50 ms of biological time.
export class Rates {
  constructor(canvas) {
    this.surface = new Surface(canvas);
    this.populations = [];
    this.windowMs = 5000;
    this.bins = new Map();
  }

  setPopulations(populations) {
    this.populations = populations;
    for (const { label } of populations) if (!this.bins.has(label)) this.bins.set(label, new Map());
  }

  add(label, timeMs, count) {
    const bins = this.bins.get(label);
    const bin = Math.floor(timeMs / BIN_MS);
    bins.set(bin, (bins.get(bin) || 0) + count);
    if (bins.size > 2000) for (const old of bins.keys()) if (old < bin - 1000) bins.delete(old);
  }

  draw(endMs) {
    this.surface.fit();
    const { surface, windowMs } = this;
    const { context, width, height, scale } = surface;
    const colour = colours();
    surface.clear();
    const last = Math.floor(endMs / BIN_MS) - 1; // the present bin is not over
    const first = Math.max(0, Math.floor((endMs - windowMs) / BIN_MS));
    const lines = this.populations.filter((each) => each.visible).map((population) => {
      const bins = this.bins.get(population.label);
      const rates = [];
      for (let bin = first; bin <= last; bin += 1) {
        rates.push(((bins.get(bin) || 0) * 1000) / BIN_MS / population.size);
      }
      return { colour: hue(population.number), rates };
    });
    let top = 1;
    for (const { rates } of lines) for (const rate of rates) if (rate > top) top = rate;
    const step = niceStep(top, 4);
    top = Math.ceil(top / step) * step;
    const left = MARGIN * scale;
    const bottom = height - 6 * scale;
    const y = (rate) => bottom - (rate / top) * (bottom - 8 * scale);
    for (let rate = 0; rate <= top + step / 2; rate += step) {
      context.fillStyle = colour.line;
      context.fillRect(left, Math.round(y(rate)), width - left, scale);
      surface.text(`${+rate.toFixed(6)}`, left - 6 * scale, y(rate), colour.soft, "right");
    }
    context.lineWidth = 1.6 * scale;
    context.lineJoin = "round";
    for (const line of lines) {
      context.strokeStyle = line.colour;
      context.beginPath();
      line.rates.forEach((rate, number) => {
        const middle = (first + number + 0.5) * BIN_MS;
        const x = left + ((middle - (endMs - windowMs)) / windowMs) * (width - left);
        if (x >= left) context.lineTo(x, y(rate));
      });
      context.stroke();
    }
  }
}

// A line of the board's speed over the last minutes of real time.
export class Pace {
  constructor(canvas) {
    this.surface = new Surface(canvas);
    this.points = [];
  }

  add(seconds, speed) {
    this.points.push([seconds, speed]);
    while (this.points.length > 1 && seconds - this.points[0][0] > 60) this.points.shift();
  }

  draw() {
    this.surface.fit();
    const { surface, points } = this;
    const { context, width, height, scale } = surface;
    const colour = colours();
    surface.clear();
    const top = Math.max(1.2, ...points.map((point) => point[1]));
    const left = MARGIN * scale;
    const y = (speed) => height - 6 * scale - (speed / top) * (height - 14 * scale);
    for (const speed of [0, 1]) {
      context.fillStyle = speed ? colour.soft : colour.line;
      context.fillRect(left, Math.round(y(speed)), width - left, scale);
      surface.text(`${speed}×`, left - 6 * scale, y(speed), colour.soft, "right");
    }
    if (!points.length) return;
    const end = points[points.length - 1][0];
    context.strokeStyle = colour.accent;
    context.lineWidth = 1.8 * scale;
    context.beginPath();
    for (const [at, speed] of points) context.lineTo(width - ((end - at) / 60) * (width - left), y(speed));
    context.stroke();
  }
}

// A matrix of weights, pre by rows, post by columns; synapses that are not there stay empty.
export class Weights {
  constructor(canvas) {
    this.surface = new Surface(canvas);
    this.snapshot = null;
  }

  set(snapshot) {
    this.snapshot = snapshot;
    if (!snapshot) return;
    const { pre_size: rows, post_size: columns, pre, post, weights } = snapshot;
    // the least and most of what is there; a loop, as a spread of 100,000 arguments would fail
    let low = Infinity;
    let high = -Infinity;
    for (const weight of weights) {
      if (weight < low) low = weight;
      if (weight > high) high = weight;
    }
    this.low = Math.min(0, low);
    this.high = Math.max(high, this.low + 1e-9);
    this.picture = document.createElement("canvas");
    this.picture.width = columns;
    this.picture.height = rows;
    const context = this.picture.getContext("2d");
    const image = context.createImageData(columns, rows);
    for (let number = 0; number < weights.length; number += 1) {
      const at = 4 * (pre[number] * columns + post[number]);
      const [red, green, blue] = shade((weights[number] - this.low) / (this.high - this.low));
      image.data[at] = red;
      image.data[at + 1] = green;
      image.data[at + 2] = blue;
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  draw() {
    this.surface.fit();
    const { surface } = this;
    const { context, width, height, scale } = surface;
    const colour = colours();
    surface.clear();
    if (!this.snapshot) return;
    const left = 16 * scale;
    const bar = 52 * scale;
    const bottom = height - 16 * scale;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.picture, left, 0, width - left - bar, bottom);
    context.strokeStyle = colour.line;
    context.lineWidth = scale;
    context.strokeRect(left, 0, width - left - bar, bottom);
    surface.text(`post (${this.snapshot.post_size})`, (left + width - bar) / 2, height - 7 * scale, colour.soft, "center");
    context.save();
    context.translate(8 * scale, bottom / 2);
    context.rotate(-Math.PI / 2);
    surface.text(`pre (${this.snapshot.pre_size})`, 0, 0, colour.soft, "center");
    context.restore();
    for (let row = 0; row < bottom; row += 1) {
      const [red, green, blue] = shade(1 - row / bottom);
      context.fillStyle = `rgb(${red} ${green} ${blue})`;
      context.fillRect(width - bar + 8 * scale, row, 8 * scale, 1);
    }
    const edge = width - bar + 19 * scale;
    surface.text(short(this.high), edge, 6 * scale, colour.soft);
    surface.text(short(this.low), edge, bottom - 6 * scale, colour.soft);
  }
}

// Latencies on a logarithmic axis, two kinds side by side.
const LEGEND = 34; // room for it above the bars, CSS pixels
const EDGES = Array.from({ length: 41 }, (_, number) => 0.05 * 10 ** (number / 10)); // 0.05 .. 500 ms

export class Latency {
  constructor(canvas, kinds) {
    this.surface = new Surface(canvas);
    this.kinds = kinds;
    this.recent = kinds.map(() => []);
  }

  add(kind, milliseconds) {
    const recent = this.recent[kind];
    recent.push(milliseconds);
    if (recent.length > 4000) recent.splice(0, 2000);
  }

  // The median and what 99 % are under, in ms; null before anything came.
  spread(kind) {
    const sorted = Float64Array.from(this.recent[kind]).sort();
    if (!sorted.length) return null;
    return [0.5, 0.99].map((part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
  }

  draw() {
    this.surface.fit();
    const { surface } = this;
    const { context, width, height, scale } = surface;
    const colour = colours();
    surface.clear();
    const bottom = height - 18 * scale;
    const bins = EDGES.length - 1;
    const place = (ms) => (Math.log10(ms / EDGES[0]) / 4) * width;
    const counts = this.recent.map((recent) => {
      const each = new Array(bins).fill(0);
      for (const ms of recent) {
        const bin = Math.floor(Math.log10(Math.max(ms, EDGES[0]) / EDGES[0]) * 10);
        each[Math.min(bins - 1, bin)] += 1 / recent.length;
      }
      return each;
    });
    const top = Math.max(0.05, ...counts.flat());
    counts.forEach((each, kind) => {
      context.fillStyle = hue(kind);
      const bar = width / bins / this.kinds.length;
      each.forEach((part, bin) => {
        const tall = (part / top) * (bottom - LEGEND * scale);
        context.fillRect(place(EDGES[bin]) + kind * bar, bottom - tall, Math.max(1, bar - scale), tall);
      });
      surface.text(`■ ${this.kinds[kind]}`, 2 * scale, (8 + 14 * kind) * scale, hue(kind));
    });
    context.fillStyle = colour.line;
    context.fillRect(0, bottom, width, scale);
    for (const ms of [0.1, 1, 10, 100]) {
      surface.text(`${ms}`, place(ms), bottom + 10 * scale, colour.soft, "center");
      context.fillRect(place(ms), bottom, scale, 4 * scale);
    }
  }
}

// From dark blue over green to yellow, even in lightness.
const STOPS = [[38, 20, 84], [45, 79, 142], [30, 133, 141], [70, 184, 106], [250, 231, 60]];

function shade(part) {
  const at = Math.min(1, Math.max(0, part)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  return STOPS[low].map((value, number) => Math.round(value + (at - low) * (STOPS[low + 1][number] - value)));
}

function short(value) {
  return Math.abs(value) >= 1000 ? value.toExponential(1) : `${+value.toPrecision(3)}`;
}
